"""AWS: Systems Manager Parameter Store and Secrets Manager, by boto3.

Credentials, region, proxies and endpoints are boto3's own business (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and all the others).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Final
from urllib.parse import urlsplit

from comfytavern.settings.clouds.reference import Ask, Service
from comfytavern.settings.clouds.refusal import Refused, Why
from comfytavern.settings.clouds.round import Answers, Call, Outcome, Terms

PARAMETERS_AT_ONCE: Final = 10
SECRETS_AT_ONCE: Final = 20
"""What GetParameters and BatchGetSecretValue take at most."""
ATTEMPTS: Final = 2
PREVIOUS: Final = "stage=AWSPREVIOUS"
CODES: Final = {
    Why.DENIED: {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "DecryptionFailure",
        "InvalidKeyId",
    },
    Why.MISSING: {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"},
    Why.DISABLED: {"InvalidRequestException"},
    Why.THROTTLED: {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
    },
    Why.EXPIRED: {
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException", "InvalidClientTokenId"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken"),
    },
}
RAISED: Final = {
    "NoRegionError": Why.NO_REGION,
    "NoCredentialsError": Why.NO_CREDENTIALS,
    "PartialCredentialsError": Why.NO_CREDENTIALS,
    "CredentialRetrievalError": Why.NO_CREDENTIALS,
    "ProfileNotFound": Why.NO_CREDENTIALS,
    "SSOTokenLoadError": Why.EXPIRED,
    "UnauthorizedSSOTokenError": Why.EXPIRED,
    "TokenRetrievalError": Why.EXPIRED,
    "ConnectTimeoutError": Why.LATE,
    "ReadTimeoutError": Why.LATE,
    "ResponseParserError": Why.MALFORMED,
    "KeyError": Why.MALFORMED,
    "TypeError": Why.MALFORMED,
    "ValueError": Why.MALFORMED,
    "JSONDecodeError": Why.MALFORMED,
}


def calls(asks: Sequence[Ask], terms: Terms) -> list[Call]:
    """Return the calls that answer `asks`: parameters ten at a time, secrets one by one (that needs the least rights)."""
    import boto3  # noqa: PLC0415 -- only when a reference names it
    from botocore.config import Config  # noqa: PLC0415 -- as above

    config = Config(connect_timeout=terms.try_s, read_timeout=terms.try_s, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    session = boto3.Session()
    here = session.region_name or os.environ.get("AWS_REGION")  # Containers and functions set it, boto3 reads AWS_DEFAULT_REGION.

    @cache
    def client(name: str, region: str | None) -> Any:
        return session.client(name, region_name=region or here, config=config)

    def call(its: list[Ask], name: str, region: str | None, work: Callable[..., Answers]) -> Call:
        try:
            return its, partial(work, client(name, region), its)
        except Exception as error:  # noqa: BLE001 -- it concerns this region alone; the call says so
            return its, partial(_give_up, error)

    found: list[Call] = []
    for region, its in _by_region(asks):
        single = [ask for ask in its if ask.service is Service.AWS_PARAMETERS and not ask.below]
        found += [call(some, "ssm", region, _parameters) for some in _batches(single)]
        found += [call([ask], "ssm", region, _path) for ask in its if ask.service is Service.AWS_PARAMETERS and ask.below]
        others = [ask for ask in its if ask.service is Service.AWS_SECRETS]
        found += [call([ask], "secretsmanager", region, _secrets if ask.below else _secret) for ask in others]
    return found


def _give_up(error: Exception) -> Answers:
    raise error


def refused(error: Exception) -> Refused:
    """Return why boto3 raised this."""
    name, about = type(error).__name__, getattr(error, "response", None)
    if isinstance(about, dict) and "Error" in about:
        return _refusal(str(about["Error"].get("Code", "")), int(about.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)))
    host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url") or "")).netloc
    if name in RAISED:
        return Refused(RAISED[name])
    if host or name in {"HTTPClientError", "ConnectionError"}:
        return Refused(Why.UNREACHABLE, host or name)
    return Refused(Why.REFUSED, name)


def _refusal(code: str, status: int) -> Refused:
    why = next((why for why, codes in CODES.items() if code in codes), None)
    if why is None:
        why = {401: Why.EXPIRED, 403: Why.DENIED, 429: Why.THROTTLED}.get(status, Why.BROKEN if status >= 500 else Why.REFUSED)
    return Refused(why, code if code.isalnum() else str(status))


def _parameters(ssm: Any, asks: Sequence[Ask]) -> Answers:
    try:
        told = ssm.get_parameters(Names=[ask.place for ask in asks], WithDecryption=True)
    except ssm.exceptions.ClientError as error:
        if len(asks) > 1 and refused(error).why is Why.DENIED:  # For all, when one may not be read: which one is it?
            return {ask: _alone(ssm, ask) for ask in asks}
        raise
    texts: dict[str, str] = {}
    for each in told["Parameters"]:
        marks = ("", each.get("Selector") or f":{each['Version']}")  # A version or label after the name.
        texts |= dict.fromkeys((name + mark for name in (each["Name"], each.get("ARN", "")) for mark in marks), each["Value"])
    return {ask: texts.get(ask.place, Refused(Why.MISSING)) for ask in asks}


def _alone(ssm: Any, ask: Ask) -> Outcome:
    try:
        return _parameters(ssm, [ask])[ask]
    except ssm.exceptions.ClientError as error:
        return refused(error)


def _path(ssm: Any, asks: Sequence[Ask]) -> Answers:
    ask = asks[0]
    texts: dict[str, str | Refused] = {}
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=ask.place, WithDecryption=True):
        texts |= {each["Name"].removeprefix(ask.place): each["Value"] for each in page["Parameters"]}
    return {ask: texts}


def _secret(manager: Any, asks: Sequence[Ask]) -> Answers:
    ask = asks[0]
    option, _, value = ask.option.partition("=")
    chosen = {"stage": {"VersionStage": value}, "version": {"VersionId": value}}.get(option, {})
    try:
        return {ask: _text(manager.get_secret_value(SecretId=ask.place, **chosen))}
    except manager.exceptions.ResourceNotFoundException:
        if ask.option != PREVIOUS:
            raise
        manager.get_secret_value(SecretId=ask.place)  # If that is there, it was never rotated: there is nothing before it.
        return {ask: ""}


def _secrets(manager: Any, asks: Sequence[Ask]) -> Answers:
    ask = asks[0]
    asked: dict[str, Any] = {"Filters": [{"Key": "name", "Values": [ask.place]}], "MaxResults": SECRETS_AT_ONCE}
    texts: dict[str, str | Refused] = {}
    while True:
        page = manager.batch_get_secret_value(**asked)
        texts |= {each["Name"].removeprefix(ask.place): _text(each) for each in page["SecretValues"] if each["Name"].startswith(ask.place)}
        texts |= {_name(each["SecretId"], ask.place): _refusal(each["ErrorCode"], 400) for each in page.get("Errors", [])}
        if not (token := page.get("NextToken")):
            return {ask: texts}
        asked["NextToken"] = token


def _name(secret: str, beginning: str) -> str:
    """Return the rest of the name of a secret that is given by its ARN, which ends with six letters of AWS."""
    name = secret.rpartition(":secret:")[2]
    return (name[:-7] if name != secret and name[-7:-6] == "-" else name).removeprefix(beginning)


def _text(told: dict[str, Any]) -> str | Refused:
    return told["SecretString"] if "SecretBinary" not in told else Refused(Why.NOT_TEXT)


def _by_region(asks: Sequence[Ask]) -> Iterator[tuple[str | None, list[Ask]]]:
    """Yield regions that ARNs name, and None for the one of the environment."""
    regions = {ask: ask.place.split(":")[3] if ask.place.startswith("arn:") and ask.place.count(":") >= 5 else None for ask in asks}
    for region in dict.fromkeys(regions.values()):
        yield region, [ask for ask in asks if regions[ask] == region]


def _batches(asks: Sequence[Ask]) -> Iterator[list[Ask]]:
    for start in range(0, len(asks), PARAMETERS_AT_ONCE):
        yield list(asks[start : start + PARAMETERS_AT_ONCE])
