"""Values that a cloud keeps: the official libraries, talking to fakes that speak the clouds' own protocols."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from comfytavern.settings.settings import Report, examine
from tests.clouds import tls
from tests.clouds.aws import Aws, refuse
from tests.clouds.azure import PASSWORD, Azure, Setting
from tests.clouds.fault import Fault
from tests.clouds.google import Google

pytestmark = pytest.mark.slow

SECRET = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"
SECOND = "bG4lO8w1rgX4nAu9SzMy3Id6vKeQcT0bHfU2pYj5"
TOKEN = "cH5mP9x2shY5oBv0TaNz4Je7wLfRdU1cIgV3qZk6"
G = "projects/tavern/secrets"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> tls.Pki:
    return tls.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def aws_server() -> Iterator[Aws]:
    with Aws() as aws:
        ssm, secrets = aws.client("ssm"), aws.client("secretsmanager")
        for name, value in {
            "LOG_LEVEL": "info",
            "METRICS_TOKEN": TOKEN,
            "QUEUE_MAX": "17",
            "DATABSE_URL": "x",
            "PORT_BACKEND": "4000",
        }.items():
            ssm.put_parameter(Name=f"/tavern/prod/{name}", Value=value, Type="SecureString" if name == "METRICS_TOKEN" else "String")
        for number in range(12):
            ssm.put_parameter(Name=f"/more/{number}", Value=str(number), Type="String")
        ssm.put_parameter(Name="/tavern/odd/RUNS_AT_ONCE", Value="cmd:touch /tmp/never", Type="String")
        ssm.put_parameter(Name="/tavern/odd/JWT_SECRET", Value="aws-sm:prod/tavern#JWT_SECRET", Type="String")
        secrets.create_secret(Name="prod/tavern", SecretString=json.dumps({"JWT_SECRET": SECRET, "RUNS_AT_ONCE": 8, "list": []}))
        secrets.create_secret(Name="prod/plain", SecretString=SECOND)
        secrets.create_secret(Name="prod/bytes", SecretBinary=b"\xff\xfe")
        secrets.create_secret(Name="prod/each/OPENAI_API_KEY", SecretString="sk-of-a-test-1")
        secrets.create_secret(Name="prod/each/DEEPSEEK_API_KEY", SecretString="sk-of-a-test-2")
        secrets.create_secret(Name="prod/turned", SecretString=SECOND)
        secrets.put_secret_value(SecretId="prod/turned", SecretString=SECRET)
        yield aws


@pytest.fixture
def aws(aws_server: Aws, clean: pytest.MonkeyPatch) -> Aws:
    for name, value in aws_server.environ.items():
        clean.setenv(name, value)
    aws_server.fault, aws_server.asked = Fault.NONE, []
    return aws_server


@pytest.fixture(scope="module")
def azure_server(pki: tls.Pki) -> Iterator[Azure]:
    with Azure(pki) as azure:
        azure.vault |= {"JWT-SECRET": SECRET, "log-level": "info", "foreign": "x", "OLD/17": SECOND, "OLD": SECRET}
        reference = Setting(
            json.dumps({"uri": f"{azure.url}/secrets/JWT-SECRET"}), "prod", "application/vnd.microsoft.appconfig.keyvaultref+json"
        )
        azure.store["tavern/JWT_SECRET"] = [reference]
        azure.store["tavern/QUEUE_MAX"] = [Setting("17", "prod"), Setting("18")]
        azure.store["tavern/LOG_LEVEL"] = [Setting("error", "prod")]
        azure.store["elsewhere/PORT_BACKEND"] = [Setting("4000", "prod")]
        yield azure


@pytest.fixture
def azure(azure_server: Azure, clean: pytest.MonkeyPatch) -> Azure:
    for name, value in azure_server.principal.items():
        clean.setenv(name, value)
    azure_server.fault, azure_server.login_refused, azure_server.asked = Fault.NONE, "", []
    return azure_server


@pytest.fixture(scope="module")
def google_server() -> Iterator[Google]:
    with Google() as google:
        google.secrets |= {
            f"{G}/JWT_SECRET/versions/1": SECRET.encode(),
            f"{G}/JWT_SECRET/versions/2": SECOND.encode(),
            f"{G}/tavern-LOG_LEVEL/versions/1": b"info\n",
            f"{G}/tavern-QUEUE-MAX/versions/1": b"17",
            f"{G}/tavern-foreign/versions/1": b"x",
            f"{G}/bytes/versions/1": b"\xff\xfe",
        }
        yield google


@pytest.fixture
def google(google_server: Google, clean: pytest.MonkeyPatch) -> Google:
    google_server.fault, google_server.asked = Fault.NONE, []
    return google_server


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nobody's credentials: what the machine of a developer has must not help."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "IDENTITY_", "MSI_", "REQUESTS_CA_BUNDLE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return monkeypatch


def look(environ: dict[str, str]) -> Report:
    return examine(environ, None, secrets=Path("/nonexistent"))


def messages(report: Report) -> str:
    return "\n".join(problem.message for problem in report.errors)


def sources(report: Report) -> dict[str, str]:
    return {name: value.source for name, value in report.found.values.items()}


def test_aws_gives_parameters_secrets_keys_of_secrets_and_stages(aws: Aws) -> None:
    report = look(
        {
            "LOG_LEVEL": "aws-ssm:/tavern/prod/LOG_LEVEL",
            "METRICS_TOKEN": "aws-ssm:/tavern/prod/METRICS_TOKEN",
            "QUEUE_MAX": "aws-ssm:/tavern/prod/QUEUE_MAX:1",
            "RUNS_AT_ONCE": "aws-sm:prod/tavern#RUNS_AT_ONCE",
            "JWT_SECRET": "aws-sm:prod/turned",
            "JWT_SECRET_PREVIOUS": "aws-sm:prod/turned?stage=AWSPREVIOUS",
        },
    )
    assert report.settings is not None, messages(report)
    assert (report.settings.log_level, report.settings.queue_max, report.settings.runs_at_once) == ("info", 17, 8)
    assert report.settings.metrics_token.get_secret_value() == TOKEN
    assert [secret.reveal() for secret in report.settings.secrets] == [SECRET, SECOND]
    assert sources(report)["RUNS_AT_ONCE"] == "aws-sm:prod/tavern#RUNS_AT_ONCE (environment)"
    assert sorted(aws.asked) == ["GetParameters", "GetSecretValue", "GetSecretValue", "GetSecretValue"]


def test_a_secret_that_was_never_rotated_has_nothing_before_it_and_that_is_no_error(aws: Aws) -> None:
    report = look({"JWT_SECRET": "aws-sm:prod/plain", "JWT_SECRET_PREVIOUS": "aws-sm:prod/plain?stage=AWSPREVIOUS"})
    assert report.settings is not None, messages(report)
    assert [secret.reveal() for secret in report.settings.secrets] == [SECOND]


def test_a_whole_arn_names_its_region(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = aws.client("secretsmanager").describe_secret(SecretId="prod/tavern")["ARN"]
    monkeypatch.delenv("AWS_REGION")
    report = look({"JWT_SECRET": f"aws-sm:{arn}#JWT_SECRET", "METRICS_TOKEN": "aws-sm:prod/plain"})
    assert messages(report).startswith("METRICS_TOKEN: comes from aws-sm:prod/plain, but no AWS region is set; set AWS_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert look({"JWT_SECRET": f"aws-sm:{arn}#JWT_SECRET"}).errors == []


def test_a_place_offers_every_setting_in_it_to_variables_that_nothing_nearer_gives(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("QUEUE_MAX=3\n")
    environ = {"LOG_LEVEL": "error", "SETTINGS_FROM": "aws-ssm:/tavern/prod/, aws-sm:prod/tavern, aws-sm:prod/each/"}
    report = examine(environ, tmp_path / ".env", secrets=tmp_path / "none")
    assert report.settings is not None, messages(report)
    assert (report.settings.log_level, report.settings.queue_max, report.settings.port) == ("error", 3, 4000)
    assert sources(report)["METRICS_TOKEN"] == "aws-ssm:/tavern/prod/METRICS_TOKEN (SETTINGS_FROM)"
    assert sources(report)["JWT_SECRET"] == "aws-sm:prod/tavern#JWT_SECRET (SETTINGS_FROM)"
    assert {name: key.reveal() for name, key in report.settings.provider_keys.items()} == {
        "openai": "sk-of-a-test-1",
        "deepseek": "sk-of-a-test-2",
    }
    warned = {problem.place["field"]: problem.message for problem in report.warnings}
    assert warned["DATABSE_URL"] == "DATABSE_URL: is not a setting (aws-ssm:/tavern/prod/); did you mean DATABASE_URL?"
    assert "list" not in warned, "a list is no value, and nobody asked for it"


def test_one_round_asks_for_each_secret_once_and_for_ten_parameters_at_a_time(aws: Aws) -> None:
    names = "QUEUE_MAX RUNS_AT_ONCE RUNS_PER_USER UPLOAD_MIB_MAX BACKUP_KEEP HISTORY_DAYS DRAIN_S DRAIN_STREAMS_S SLOW_CLIENT_S BACKUP_EVERY_H PORT_BACKEND"
    environ = {name: f"aws-ssm:/more/{number + 1}" for number, name in enumerate(names.split())}
    report = look(environ | {"JWT_SECRET": "aws-sm:prod/tavern#JWT_SECRET", "METRICS_TOKEN": "aws-sm:prod/tavern#JWT_SECRET"})
    assert report.settings is not None, messages(report)
    assert report.settings.port == 11
    assert sorted(aws.asked) == ["GetParameters", "GetParameters", "GetSecretValue"]


def test_everything_is_asked_for_at_the_same_time(aws: Aws) -> None:
    names = ("JWT_SECRET", "METRICS_TOKEN", "OPENAI_API_KEY", "DEEPSEEK_API_KEY")
    secrets = aws.client("secretsmanager")
    for number in range(len(names)):
        secrets.create_secret(Name=f"at-once/{number}", SecretString=SECRET)
    aws.together = threading.Barrier(len(names) + 1)
    try:
        report = look(
            {name: f"aws-sm:at-once/{number}" for number, name in enumerate(names)} | {"LOG_LEVEL": "aws-ssm:/tavern/prod/LOG_LEVEL"}
        )
    finally:
        aws.together = None
    assert report.settings is not None, messages(report)


@pytest.mark.parametrize(
    ("name", "reference", "said"),
    [
        ("JWT_SECRET", "aws-sm:prod/tavern#NOPE", "which has no text at #NOPE; add it to the secret, or correct the name behind #"),
        ("JWT_SECRET", "aws-sm:prod/tavern#list", "which has no text at #list"),
        ("JWT_SECRET", "aws-sm:prod/plain#KEY", "which is not a JSON object of names and values; keep it as JSON"),
        ("JWT_SECRET", "aws-sm:prod/bytes", "which holds bytes that are no text"),
        ("JWT_SECRET", "aws-ssm:/tavern/odd/JWT_SECRET", "which holds another reference, and what a cloud holds is never followed or run"),
        ("RUNS_AT_ONCE", "aws-ssm:/tavern/odd/RUNS_AT_ONCE", "which holds a command, and what a cloud holds is never followed or run"),
        ("SETTINGS_FROM", "aws-sm:prod/plain", "names aws-sm:prod/plain, which is not a JSON object"),
        ("SETTINGS_FROM", "aws-sm:nope", "names aws-sm:nope, which does not exist"),
    ],
)
def test_what_is_kept_must_be_a_value(aws: Aws, name: str, reference: str, said: str) -> None:
    report = look({name: reference})
    assert f"{name}: " in messages(report)
    assert said in messages(report)
    assert not Path("/tmp/never").exists()


def test_azure_gives_secrets_of_a_vault_and_settings_of_a_store_that_may_refer_to_a_vault(azure: Azure) -> None:
    report = look(
        {
            "JWT_SECRET": f"azure-appconfig:{azure.url}/tavern/JWT_SECRET?label=prod",
            "JWT_SECRET_PREVIOUS": f"azure-kv:{azure.url}/secrets/OLD/17",
            "QUEUE_MAX": f"azure-appconfig:{azure.url}/tavern/QUEUE_MAX",
            "LOG_LEVEL": f"azure-kv:{azure.url}/secrets/log-level",
        },
    )
    assert report.settings is not None, messages(report)
    assert (report.settings.log_level, report.settings.queue_max) == ("info", 18)
    assert [secret.reveal() for secret in report.settings.secrets] == [SECRET, SECOND]
    assert sum("token" in asked for asked in azure.asked) == 2, "one login for each of the two services, however many calls there are"


def test_azures_places_offer_settings_and_a_connection_string_needs_no_identity(azure: Azure, clean: pytest.MonkeyPatch) -> None:
    report = look({"SETTINGS_FROM": f"azure-appconfig:{azure.url}/tavern/?label=prod,azure-kv:{azure.url}/"})
    assert report.settings is not None, messages(report)
    assert (report.settings.log_level, report.settings.queue_max, report.settings.port) == ("error", 17, 3233)
    assert report.settings.secret.get_secret_value() == SECRET
    assert report.warnings == [], "what else is in a whole vault is nobody's business"
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        clean.delenv(name)
    azure.asked.clear()
    with_key = {"AZURE_APPCONFIG_CONNECTION_STRING": azure.connection, "QUEUE_MAX": "azure-appconfig:tavern/QUEUE_MAX?label=prod"}
    report = look(with_key | {"LOG_LEVEL": f"azure-appconfig:{azure.url}/tavern/LOG_LEVEL?label=prod"})
    assert report.settings is not None, messages(report)
    assert (report.settings.log_level, report.settings.queue_max) == ("error", 17)
    assert not any("token" in asked for asked in azure.asked)


def test_a_managed_identity_is_found_by_itself(azure: Azure, clean: pytest.MonkeyPatch) -> None:
    for name in azure.principal:
        clean.delenv(name)
    for name, value in azure.managed.items():
        clean.setenv(name, value)
    report = look({"JWT_SECRET": f"azure-kv:{azure.url}/secrets/JWT-SECRET"})
    assert report.settings is not None, messages(report)
    assert "GET /msi/token" in azure.asked


def test_google_gives_the_latest_version_or_the_one_that_is_named_and_lists_page_by_page(google: Google) -> None:
    endpoint = {"SECRET_MANAGER_ENDPOINT": google.endpoint}
    report = look(endpoint | {"JWT_SECRET": f"google-sm:{G}/JWT_SECRET/versions/2", "SETTINGS_FROM": f"google-sm:{G}/tavern-"})
    assert report.settings is not None, messages(report)
    assert report.settings.secret.get_secret_value() == SECOND
    assert (report.settings.log_level, report.settings.queue_max) == ("info", 17)
    assert [problem.place["field"] for problem in report.warnings] == ["foreign"]
    assert f"{G}/tavern-foreign/versions/latest" not in google.asked, "what is no setting is not read"
    assert "which holds bytes that are no text" in messages(look(endpoint | {"JWT_SECRET": f"google-sm:{G}/bytes"}))


def test_google_gets_a_token_over_tls_and_an_expired_key_is_named(pki: tls.Pki, clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a process of its own: gRPC reads whom to trust once."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    account = {"type": "service_account", "client_email": "t@p.iam.gserviceaccount.com", "private_key_id": "1", "private_key": pem}
    (tmp_path / "account.json").write_text(json.dumps(account | {"token_uri": "http://127.0.0.1:9/token", "project_id": "p"}))
    with Google(pki, key.public_key()) as google:
        google.secrets[f"{G}/JWT_SECRET/versions/1"] = SECRET.encode()
        environ = {
            "JWT_SECRET": f"google-sm:{G}/JWT_SECRET",
            "SECRET_MANAGER_ENDPOINT": google.endpoint,
            "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "account.json"),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(pki.authority),
        }
        assert checked(environ, tmp_path)["ok"]
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        google.key = other.public_key()
        said = checked(environ, tmp_path)["errors"][0]["message"]
    assert said.startswith(f"JWT_SECRET: comes from google-sm:{G}/JWT_SECRET, whose service does not accept the credentials")


def checked(environ: dict[str, str], folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "comfytavern", "env", "check", "--json"]
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_GCE_CHECK": "true"}
    done = subprocess.run(command, env=kept | environ, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return json.loads(done.stdout)


LEFT = "look at the network on the way there, or give CLOUD_DEADLINE_S more seconds"
FAULTS = {
    Fault.DENIED: "which this process may not read ({}); grant it {} there",
    Fault.MISSING: "which does not exist ({}); make it, or correct the name (and look at project, region and label)",
    Fault.DISABLED: "which is disabled or about to be deleted ({}); enable or restore it, or name another version",
    Fault.THROTTLED: "whose service is asked too often now ({}); try again in a minute, or ask for a greater quota",
    Fault.SLOW: f"which did not answer within 0.8 s; {LEFT}",
    Fault.BROKEN: "whose service does not work now ({}); try again in a minute, and look at the status page of the service",
    Fault.MALFORMED: "whose service gave an answer that cannot be understood; look at the endpoint: something else seems to answer in its place",
    Fault.EXPIRED: "whose service does not accept the credentials: they are expired or wrong ({}); renew the credentials of this process, and look at its clock",
}
DECRYPT = "(and kms:Decrypt{})"
CODES = {
    "aws-ssm": ("ssm:GetParameters (and kms:Decrypt on its key, for a SecureString)", "AccessDeniedException", "ResourceNotFoundException", "InvalidRequestException", "ThrottlingException", "InternalServerError", "ExpiredTokenException"),
    "aws-sm": ("secretsmanager:GetSecretValue (and kms:Decrypt, for a key of your own)", "AccessDeniedException", "ResourceNotFoundException", "InvalidRequestException", "ThrottlingException", "InternalServerError", "ExpiredTokenException"),
    "azure-kv": ("the role Key Vault Secrets User", "Forbidden", "SecretNotFound", "SecretDisabled", "Throttled", "InternalError", "Unauthorized"),
    "azure-appconfig": ("the role App Configuration Data Reader", "Forbidden", "SecretNotFound", "SecretDisabled", "Throttled", "InternalError", "401"),
    "google-sm": ("roles/secretmanager.secretAccessor", "PERMISSION_DENIED", "NOT_FOUND", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "INTERNAL", "UNAUTHENTICATED"),
}  # fmt: skip
ORDER = [Fault.DENIED, Fault.MISSING, Fault.DISABLED, Fault.THROTTLED, Fault.BROKEN, Fault.EXPIRED]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.value)
def test_each_thing_that_goes_wrong_has_its_own_sentence_with_the_variable_and_what_to_do(
    aws: Aws, azure: Azure, google: Google, fault: Fault
) -> None:
    aws.fault = azure.fault = google.fault = fault
    references = {
        "LOG_LEVEL": "aws-ssm:/tavern/prod/LOG_LEVEL",
        "JWT_SECRET": "aws-sm:prod/plain",
        "METRICS_TOKEN": f"azure-kv:{azure.url}/secrets/JWT-SECRET",
        "QUEUE_MAX": "azure-appconfig:tavern/QUEUE_MAX?label=prod",
        "JWT_SECRET_PREVIOUS": f"google-sm:{G}/JWT_SECRET",
    }
    more = {"AZURE_APPCONFIG_CONNECTION_STRING": azure.connection, "SECRET_MANAGER_ENDPOINT": google.endpoint}
    began = datetime.now(UTC)
    report = look(references | more | {"CLOUD_DEADLINE_S": "0.8" if fault is Fault.SLOW else "20"})
    assert datetime.now(UTC) - began < timedelta(seconds=8)
    if fault is Fault.THROTTLED:  # The libraries try twice and no more; a vault that is new to them is asked for its challenge before.
        assert (len(aws.asked), azure.asked.count("GET /kv/tavern%2FQUEUE_MAX"), len(google.asked)) == (4, 2, 1)
        assert sum("/secrets/" in each for each in azure.asked) <= 3
    wanted = {}
    for name, reference in references.items():
        right, *codes = CODES[reference.partition(":")[0]]
        code = codes[ORDER.index(fault)] if fault in ORDER else ""
        wanted[name] = f"{name}: comes from {reference}, " + FAULTS[fault].format(code, right)
    assert {problem.place["field"]: problem.message for problem in report.errors} == wanted
    assert "hunter2" not in messages(report), "what a service answers may be a secret"


def test_a_place_that_cannot_be_read_is_the_only_thing_said_about_what_it_would_have_offered(aws: Aws) -> None:
    aws.fault = Fault.DENIED
    report = look({"COMFYTAVERN_ENV": "production", "SETTINGS_FROM": "aws-ssm:/tavern/prod/,aws-sm:prod/each/"})
    assert {problem.place["field"] for problem in report.errors} == {"SETTINGS_FROM"}
    assert "grant it ssm:GetParametersByPath" in messages(report)
    assert "grant it secretsmanager:BatchGetSecretValue, ListSecrets and GetSecretValue" in messages(report)
    assert report.warnings == []


def test_the_rights_in_the_documentation_are_enough_and_each_is_needed(aws: Aws, clean: pytest.MonkeyPatch) -> None:
    """The fake checks actions, not resources: those are not tried here."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "operate" / "cloud-settings.md").read_text()
    policy = json.loads(page.partition("```json\n")[2].partition("```")[0])
    for statement in policy["Statement"]:
        statement["Resource"] = "*"
    iam = aws.client("iam")
    iam.create_user(UserName="tavern")
    key = iam.create_access_key(UserName="tavern")["AccessKey"]
    clean.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    clean.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    said: list[str] = []
    for left_out in (None, 0, 1):
        statements = [each for number, each in enumerate(policy["Statement"]) if number != left_out]
        clean.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
        iam.put_user_policy(UserName="tavern", PolicyName="p", PolicyDocument=json.dumps(policy | {"Statement": statements}))
        clean.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
        report = look({"SETTINGS_FROM": "aws-ssm:/tavern/prod/", "JWT_SECRET": "aws-sm:prod/tavern#JWT_SECRET"})
        said.append("".join(problem.message.partition("; grant it ")[2].partition(" ")[0] for problem in report.errors))
    assert said == ["", "ssm:GetParametersByPath", "secretsmanager:GetSecretValue"]


def test_of_ten_parameters_the_one_that_may_not_be_read_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = aws._moto

    def guarded(environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        return refuse(start, Fault.DENIED) if b"METRICS_TOKEN" in body else inner(environ, start)

    monkeypatch.setattr(aws, "_moto", guarded)
    names = ("LOG_LEVEL", "METRICS_TOKEN", "QUEUE_MAX")
    report = look({name: f"aws-ssm:/tavern/prod/{name}" for name in names})
    assert [problem.place["field"] for problem in report.errors] == ["METRICS_TOKEN"]
    assert report.found.values["QUEUE_MAX"].text == "17"


def test_a_refused_connection_names_the_service(clean: pytest.MonkeyPatch, pki: tls.Pki) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "x",
    }.items():
        clean.setenv(name, value)
    environ = {"JWT_SECRET": "aws-sm:a", "LOG_LEVEL": "azure-kv:https://127.0.0.1:9/secrets/a", "QUEUE_MAX": f"google-sm:{G}/a"}
    report = look(environ | {"SECRET_MANAGER_ENDPOINT": "http://127.0.0.1:9"})
    fix = "; look at name, network, proxy and certificates on the way there"
    assert {problem.place["field"]: problem.message for problem in report.errors} == {
        "JWT_SECRET": f"JWT_SECRET: comes from aws-sm:a, whose service cannot be reached (127.0.0.1:9){fix}",
        "LOG_LEVEL": f"LOG_LEVEL: comes from azure-kv:https://127.0.0.1:9/secrets/a, whose service cannot be reached{fix}",
        "QUEUE_MAX": f"QUEUE_MAX: comes from google-sm:{G}/a, whose service cannot be reached (UNAVAILABLE){fix}",
    }


def test_a_certificate_of_an_authority_that_is_not_trusted_is_not_taken(azure: Azure, clean: pytest.MonkeyPatch) -> None:
    clean.delenv("REQUESTS_CA_BUNDLE")
    assert "whose service cannot be reached" in messages(look({"JWT_SECRET": f"azure-kv:{azure.url}/secrets/JWT-SECRET"}))


def test_credentials_that_are_not_there_or_too_old_are_told_apart(azure: Azure, clean: pytest.MonkeyPatch) -> None:
    environ = {"JWT_SECRET": f"azure-kv:{azure.url}/secrets/JWT-SECRET"}
    azure.login_refused = "AADSTS7000222"
    assert "does not accept the credentials: they are expired or wrong (AADSTS7000222)" in messages(look(environ))
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        clean.delenv(name)
    clean.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    clean.setenv("AWS_REGION", "eu-west-1")
    report = look(environ | {"LOG_LEVEL": "aws-ssm:/a", "QUEUE_MAX": f"google-sm:{G}/a"})
    said = {problem.place["field"]: problem.message.partition(", ")[2] for problem in report.errors}
    assert said["JWT_SECRET"].startswith("but this process has no credentials for Azure; give it a managed identity")
    assert said["LOG_LEVEL"].startswith("but this process has no credentials for AWS; give the machine or pod a role")
    assert said["QUEUE_MAX"].startswith("but this process has no credentials for Google Cloud; give it a service account")


def test_a_library_that_is_not_installed_is_named_with_the_command_that_installs_it(clean: pytest.MonkeyPatch) -> None:
    for name in ("boto3", "azure", "azure.appconfiguration", "google.cloud.secretmanager_v1"):
        clean.setitem(sys.modules, name, None)
    report = look({"JWT_SECRET": "aws-sm:a", "LOG_LEVEL": "azure-kv:https://v.vault.azure.net/secrets/a", "QUEUE_MAX": f"google-sm:{G}/a"})
    said = {problem.place["field"]: problem.message.partition(", ")[2] for problem in report.errors}
    install = "; install with: pip install 'comfytavern[{0}]'; for a release: comfytavern build --with {0}"
    assert said == {
        "JWT_SECRET": "but the package boto3 is not installed" + install.format("aws"),
        "LOG_LEVEL": "but the package azure-appconfiguration is not installed" + install.format("azure"),
        "QUEUE_MAX": "but the package google-cloud-secret-manager is not installed" + install.format("google"),
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("JWT_SECRET", "aws-secrets:prod/tavern", "names no service that is known: aws-secrets; use one of aws-ssm, aws-sm"),
        ("JWT_SECRET", "aws-sm:", "write it like aws-sm:prod/tavern#JWT_SECRET"),
        ("JWT_SECRET", "aws-ssm:/tavern/prod/", "write it like aws-ssm:/tavern/prod/JWT_SECRET"),
        ("JWT_SECRET", "azure-kv:http://v.vault.azure.net/secrets/a", "write it like azure-kv:https://NAME.vault.azure.net"),
        ("JWT_SECRET", "azure-kv:https://v.vault.azure.net/keys/a", "write it like azure-kv:https://NAME.vault.azure.net"),
        ("JWT_SECRET", "google-sm:JWT_SECRET", "write it like google-sm:projects/PROJECT/secrets/JWT_SECRET"),
        ("JWT_SECRET", "aws-sm:a?label=x", "has an option that aws-sm does not know: label; it knows stage, version, one at a time"),
        ("JWT_SECRET", "azure-appconfig:a", "names no store, and AZURE_APPCONFIG_CONNECTION_STRING is not set or is none"),
        ("SETTINGS_FROM", "tavern/prod", "names no service that is known: tavern/prod"),
        ("SETTINGS_FROM", "aws-sm:prod/tavern#JWT_SECRET", "takes one key of a secret; leave #JWT_SECRET away"),
        ("CLOUD_DEADLINE_S", "aws-ssm:/a", "is needed to reach a cloud, and cannot come from one"),
    ],
)
def test_a_reference_that_cannot_be_followed_says_how_one_looks_and_is_never_taken_for_a_value(
    clean: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    report = look({name: value})
    assert report.settings is None
    assert said in messages(report)


def test_names_for_a_clouds_library_do_nothing_in_the_file_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AWS_REGION=eu-west-1\n")
    report = examine({}, tmp_path / ".env", secrets=tmp_path / "none")
    assert [each.message for each in report.warnings] == [
        "AWS_REGION: is for the library of a cloud, which does not look into this file; give it in the environment"
    ]


def test_production_asks_no_cloud_in_the_open() -> None:
    open_ways = {
        "SECRET_MANAGER_ENDPOINT": "http://10.0.0.1:80",
        "AZURE_APPCONFIG_CONNECTION_STRING": "Endpoint=http://10.0.0.1;Id=a;Secret=b",
    }
    assert look(open_ways).errors == []
    report = look(open_ways | {"COMFYTAVERN_ENV": "production", "JWT_SECRET": SECRET, "DATA_DIR": "/tmp"})
    assert {problem.place["field"] for problem in report.errors} == set(open_ways)
    assert "everybody on the way could read along" in messages(report)


def test_without_a_reference_nothing_of_a_cloud_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from comfytavern.settings.settings import read; read(); names = {n.partition('.')[0] for n in sys.modules};"
        "print(sorted(names & {'boto3', 'botocore', 'azure', 'google', 'grpc', 'msal'}), 'comfytavern.settings.clouds.fill' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert done.stdout.strip() == "[] False", done.stderr


def test_secrets_of_the_way_to_a_cloud_are_known_to_the_log(azure: Azure) -> None:
    report = look({"AZURE_APPCONFIG_CONNECTION_STRING": azure.connection, "QUEUE_MAX": "azure-appconfig:nope"})
    assert PASSWORD not in messages(report)
    assert azure.connection.partition("Secret=")[2] not in messages(report)
