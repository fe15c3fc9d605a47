"""A task definition for AWS ECS on Fargate: migration, back end and web app in one task. Pure; nobody is asked."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.render.images import PORT, USER

WEB_PORT: Final = 8080
STOP_S: Final = 120
"""More than this Fargate does not wait; the drain has to be over by then."""
DRAIN_S: Final = 30
STREAMS_S: Final = 80
SIZES: Final = {256: (512, 1024, 2048), 512: range(1024, 4097, 1024), 1024: range(2048, 8193, 1024), 2048: range(4096, 16385, 1024)}
"""MiB of memory that Fargate sells for so many CPU units."""
ASK: Final = (
    f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {PORT}, timeout=4); c.request('GET', '/health'); "
    "exit(c.getresponse().status != 200)"
)
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
ACCOUNT: Final = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Task:
    """What the definition depends on."""

    release: str = "dev"
    region: str = "eu-central-1"
    account: str = "123456789012"
    domain: str = "tavern.example.org"
    file_system: str = "fs-0123456789abcdef0"
    """EFS: files and backups."""
    access_point: str = "fsap-0123456789abcdef0"
    """Made for user and group 10001."""
    network: str = "10.0.0.0/16"
    """Of the VPC: the load balancer comes from there."""
    cpu: int = 1024
    memory_mib: int = 2048


def render(task: Task) -> dict[str, str]:
    """Return the text of the file by its name. Raises `Refused` (`deploy.task`)."""
    if task.memory_mib not in SIZES.get(task.cpu, ()):
        sentence = f"Fargate has no task of {task.cpu} CPU units and {task.memory_mib} MiB."
        raise Refused("deploy.task", sentence, hint="1024 units go with 2048 to 8192 MiB.")
    if not REGION.fullmatch(task.region) or not ACCOUNT.fullmatch(task.account):
        sentence = f"{task.region!r} and {task.account!r} are not a region and an account of AWS."
        raise Refused("deploy.task", sentence, hint="Like eu-central-1 and 123456789012.")
    return {"task-definition.json": json.dumps(_definition(task), indent=2) + "\n"}


def _definition(task: Task) -> dict[str, Any]:
    place = f"arn:aws:iam::{task.account}:role"
    return {
        "family": "comfytavern",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "cpu": str(task.cpu),
        "memory": str(task.memory_mib),
        # The first may read the secrets and write the log; the second is the app's own and may do nothing.
        "executionRoleArn": f"{place}/comfytavern-start",
        "taskRoleArn": f"{place}/comfytavern",
        "volumes": [_files(task), {"name": "tmp-web"}, {"name": "tmp-backend"}, {"name": "tmp-migrate"}],
        "containerDefinitions": [_migrate(task), _backend(task), _web(task)],
        "tags": [{"key": "release", "value": task.release}],
    }


def _files(task: Task) -> dict[str, Any]:
    access = {"accessPointId": task.access_point, "iam": "ENABLED"}
    about = {"fileSystemId": task.file_system, "transitEncryption": "ENABLED", "authorizationConfig": access}
    return {"name": "data", "efsVolumeConfiguration": about}


def _container(task: Task, name: str, image: str) -> dict[str, Any]:
    """Return what every container has: an image of this release, a user, a root that is read-only, a log."""
    log = {"awslogs-group": "/comfytavern", "awslogs-region": task.region, "awslogs-stream-prefix": task.release}
    return {
        "name": name,
        "image": f"{task.account}.dkr.ecr.{task.region}.amazonaws.com/{image}:{task.release}",
        "essential": True,
        "user": f"{USER}:{USER}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "stopTimeout": STOP_S,
        "logConfiguration": {"logDriver": "awslogs", "options": log},
        "mountPoints": [{"sourceVolume": f"tmp-{name}", "containerPath": "/tmp"}],  # noqa: S108 -- a path inside the container
    }


def _settings(task: Task) -> dict[str, Any]:
    given = {
        "COMFYTAVERN_ENV": "production",
        "API_BASE_URL": f"https://{task.domain}",
        "DRAIN_S": str(DRAIN_S),
        "DRAIN_STREAMS_S": str(STREAMS_S),
        "TRUSTED_PROXIES": f"127.0.0.1,{task.network}",
    }
    vault = f"arn:aws:secretsmanager:{task.region}:{task.account}:secret:comfytavern"
    secrets = [{"name": name, "valueFrom": f"{vault}/{name.lower()}"} for name in ("DATABASE_URL", "JWT_SECRET")]
    return {"environment": [{"name": name, "value": value} for name, value in given.items()], "secrets": secrets}


def _migrate(task: Task) -> dict[str, Any]:
    """Return the container that migrates and ends, before the back end starts: production migrates nothing by itself."""
    return _container(task, "migrate", "comfytavern-backend") | _settings(task) | {"essential": False, "command": ["db", "migrate"]}


def _backend(task: Task) -> dict[str, Any]:
    container = _container(task, "backend", "comfytavern-backend")
    container["mountPoints"].append({"sourceVolume": "data", "containerPath": "/data"})
    return (
        container
        | _settings(task)
        | {
            "dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}],
            "portMappings": [{"containerPort": PORT, "protocol": "tcp", "name": "backend"}],
            "healthCheck": {"command": ["CMD", "python", "-c", ASK], "interval": 10, "timeout": 5, "retries": 6, "startPeriod": 120},
            "ulimits": [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
        }
    )


def _web(task: Task) -> dict[str, Any]:
    given = {"PORT_FRONTEND": str(WEB_PORT), "BACKEND": f"127.0.0.1:{PORT}", "TRUSTED_PROXIES": task.network}
    return _container(task, "web", "comfytavern-frontend") | {
        "dependsOn": [{"containerName": "backend", "condition": "HEALTHY"}],
        "environment": [{"name": name, "value": value} for name, value in given.items()],
        "portMappings": [{"containerPort": WEB_PORT, "protocol": "tcp", "name": "web"}],
        "healthCheck": {"command": ["CMD", "/opt/web/web.sh", "healthy"], "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 10},
    }
