"""A pod's containers, as far as they can run here: the command of the manifest, in a root of its own, as its user, with its volumes.

A root stands for an image: busybox for its tools, and what the manifest counts on. Volumes are folders that are mounted as the manifest
says; an emptyDir is empty for a new pod and stays when containers of the same pod start again."""
import os
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.support.programs import LAYOUT, PROGRAM, ROOT

MANIFESTS = ROOT / "deploy" / "kubernetes"
TOOLS = "sh awk basename cat chmod chown cmp cp cut dirname env expr find grep head id ls mkdir mktemp mv rm sed sha256sum sleep sort stat tail " \
        "test touch tr uniq wc wget xargs printf true".split()


def documents(name: str) -> list:
    return [document for document in yaml.safe_load_all((MANIFESTS / name).read_text()) if document]


def kind(name: str, kind: str) -> dict:
    found, = (document for document in documents(name) if document["kind"] == kind)
    return found


# Manifest -> its pod's volumes and init containers.
PODS = {
    "altinity": lambda: kind("altinity/clickhouse.yaml", "ClickHouseInstallation")["spec"]["templates"]["podTemplates"][0]["spec"],
    "operator": lambda: kind("operator/clickhouse.yaml", "ClickHouseCluster")["spec"]["podTemplate"],
    "statefulset": lambda: kind("statefulset/clickhouse.yaml", "StatefulSet")["spec"]["template"]["spec"],
    "bundle": lambda: kind("bundle/job.yaml", "Job")["spec"]["template"]["spec"],
}


def system(root: Path) -> Path:
    (root / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
    for tool in TOOLS:
        (root / "bin" / tool).symlink_to("busybox")
    for folder, mode in (("tmp", 0o1777), ("dev", 0o755), ("etc", 0o755)):
        (root / folder).mkdir(exist_ok=True)
        (root / folder).chmod(mode)
    (root / "dev" / "null").touch(mode=0o666)
    (root / "dev" / "null").chmod(0o666)
    return root


def release_image(root: Path) -> Path:
    """deploy/kubernetes/Dockerfile: busybox and an unpacked release."""
    system(root)
    stage = root / "opt" / "debezium-udf"
    stage.parent.mkdir()
    subprocess.run([ROOT / "package" / "stage.sh", stage, PROGRAM, PROGRAM, LAYOUT], check=True, capture_output=True)
    return root


CLIENT = """\
#!/bin/sh
# Stands for clickhouse-client: the same options, by HTTP.
while [ $# -gt 0 ]; do
    case $1 in
    --host) host=$2; shift 2 ;;
    --query) query=$2; shift 2 ;;
    *) echo "no such option here: $1" >&2; exit 2 ;;
    esac
done
file=$(mktemp)
trap 'rm -f "$file"' EXIT
if [ -n "${query-}" ]; then echo "$query" >"$file"; else cat >"$file"; fi
wget -q -O - --header "X-ClickHouse-User: $CLICKHOUSE_USER" --header "X-ClickHouse-Key: $CLICKHOUSE_PASSWORD" --post-file "$file" "http://$host/"
"""


def clickhouse_image(root: Path) -> Path:
    """clickhouse/clickhouse-server: what it has in /etc/clickhouse-server, and its client."""
    config = system(root) / "etc" / "clickhouse-server"
    for folder in ("config.d", "users.d"):
        (config / folder).mkdir(parents=True)
    (config / "config.xml").write_text("<clickhouse/>\n")
    (config / "users.xml").write_text("<clickhouse/>\n")
    (config / "config.d" / "docker_related_config.xml").write_text("<clickhouse><listen_host>0.0.0.0</listen_host></clickhouse>\n")
    (root / "bin" / "clickhouse-client").write_text(CLIENT)
    (root / "bin" / "clickhouse-client").chmod(0o755)
    return root


IMAGES = {"debezium-udf": release_image, "clickhouse/clickhouse-server": clickhouse_image}


class Pod:
    """`spec` has volumes and initContainers; claims are volumes of that name that outlive it."""

    def __init__(self, spec: dict, folder: Path, images: dict, config_maps: dict | None = None, secrets: dict | None = None):
        self.spec, self.folder, self.images = spec, folder, images
        self.config_maps, self.secrets = config_maps or {}, secrets or {}
        self.user = spec.get("securityContext", {}).get("runAsUser", 101)
        for volume in spec.get("volumes", []):
            path = self.volume(volume["name"])
            if "emptyDir" in volume:
                # Each pod has new ones.
                shutil.rmtree(path, ignore_errors=True)
                path.mkdir(parents=True)
                path.chmod(0o777)
            elif "configMap" in volume:
                path.mkdir(parents=True, exist_ok=True)
                for name, text in self.config_maps[volume["configMap"]["name"]].items():
                    (path / name).write_text(text)
            else:
                raise AssertionError(volume)

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def claim(self, name: str) -> Path:
        """A persistent volume, which fsGroup makes the user's."""
        path = self.volume(name)
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, 0, self.user)
        path.chmod(0o2775)
        return path

    def environment(self, container: dict) -> dict:
        values = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        for entry in container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            values[entry["name"]] = self.secrets[reference["name"]][reference["key"]] if reference else entry["value"]
        return values

    def run(self, container: dict, **environment):
        """The container's command to its end."""
        root = self.images[container["image"].split(":")[0]]
        script = ["set -e"]
        for mount in container.get("volumeMounts", []):
            at = root / mount["mountPath"].lstrip("/")
            script.append(f"mkdir -p '{at}'")
            script.append(f"mount --bind '{self.volume(mount['name']) / mount.get('subPath', '')}' '{at}'")
            if mount.get("readOnly"):
                script.append(f"mount -o remount,ro,bind '{at}'")
        script.append(f"exec chroot --userspec={self.user}:{self.user} --groups= '{root}' \"$@\"")
        return subprocess.run(["unshare", "-m", "sh", "-c", "\n".join(script), "sh", *container["command"]], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**self.environment(container), **environment}, timeout=300)

    def start(self) -> str:
        """Its init containers, one after the other, as the kubelet runs them; what they said."""
        said = ""
        for container in self.spec["initContainers"]:
            done = self.run(container)
            said += done.stdout
            assert done.returncode == 0, said
        return said

    def files(self, name: str) -> dict:
        """Path -> (mode, bytes) of all files on a volume."""
        base = self.volume(name)
        return {str(path.relative_to(base)): (path.stat().st_mode & 0o777, path.read_bytes())
                for path in sorted(base.rglob("*")) if path.is_file() and not path.is_symlink()}
