"""The shell inside our containers. Every value comes as a positional parameter, none is pasted into text."""

from __future__ import annotations

import re

_READ_BY_KUBERNETES = re.compile(r"\$(?=[$(])")

DISTRIBUTED = """\
nodes=$1; leader=$2; shift 2
if [ "${POD_INDEX}" = 0 ]; then
  /workspace/vllm/multi-node-serving.sh leader "--ray_cluster_size=$nodes" --ray_port=6379
  exec "$@"
fi
exec /workspace/vllm/multi-node-serving.sh worker "--ray_address=$leader" --ray_port=6379
"""
"""Pod 0 gathers the Ray cluster and serves; the others join it. POD_INDEX: the pod's ordinal."""

TUNE = """\
results=$1; shift
cd /workspace/tfs || exit 1
mkdir -p "$results"
sh -c 'echo "$PPID"' > "$results/.tuning-process"
python3 metrics_server.py &
"$@"
"""
"""Runs the training with its metrics beside it, and leaves its process id for the pusher."""

PUSH = """\
set -eu
results=$1; image=$2; model=$3
until [ -s "$results/.tuning-process" ]; do sleep 1; done
read -r process < "$results/.tuning-process"
while [ -d "/proc/$process" ]; do sleep 1; done
if ! [ -e "$results/fine_tuning_completed.txt" ]; then
  echo "the training did not complete; nothing is pushed" >&2
  exit 1
fi
work=$(mktemp -d)
mkdir "$work/data"
cp "$results/adapter_config.json" "$results/adapter_model.safetensors" "$work/data/"
cd "$work"
tar -cf layer.tar data
layer=$(sha256sum layer.tar | cut -d ' ' -f 1)
gzip layer.tar
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \\
  "$layer" > config.json
oras push --annotation "sh.kaito.model.name=$model" \\
  --config config.json:application/vnd.oci.image.config.v1+json \\
  "$image" layer.tar.gz:application/vnd.oci.image.layer.v1.tar+gzip
"""
"""Waits for the training's process to end, however it ends, and pushes the adapter as an image of one layer.

The pod shares its process ids. There is no pause container, unlike in KAITO: a Job is complete only when
every container has ended, and pause never ends.
"""

PULL = """\
set -eu
image=$1; target=$2
work=$(mktemp -d)
pulled=
for login in "" /root/.docker/config.d/*; do
  [ -z "$login" ] || [ -f "$login" ] || continue
  if skopeo copy ${login:+--authfile "$login"} --dest-decompress "docker://$image" "dir:$work/image"; then
    pulled=yes
    break
  fi
done
[ -n "$pulled" ]
mkdir "$work/root"
for layer in $(skopeo inspect --format '{{range .Layers}}{{.}} {{end}}' "dir:$work/image"); do
  tar -x -f "$work/image/${layer#sha256:}" -C "$work/root"
done
mkdir -p "$target"
cp -R "$work/root/data/." "$target/"
"""
"""Unpacks the folder /data of an image, trying without a login first and then with each pull secret."""

DOWNLOAD = """\
set -eu
folder=$1; shift
number=0
for url in "$@"; do
  number=$((number + 1))
  name=${url%%[?#]*}
  file="$folder/$number-${name##*/}"
  curl --fail --location --globoff --proto '=http,https' --proto-redir '=http,https' \\
    --silent --show-error --connect-timeout 30 --retry 3 --retry-connrefused \\
    --output "$file" --url "$url"
  if ! [ -s "$file" ]; then
    echo "nothing came from source $number" >&2
    exit 1
  fi
done
"""
"""Fetches each URL into a numbered file that keeps its last name, and refuses an empty one."""

CUDA_TOOLKIT = """\
set -eu
home=$1
exec 9> "$home/.lock"
flock 9
if [ -x "$home/bin/nvcc" ]; then exit 0; fi
python3 -c 'import sys, urllib.request as r; r.urlretrieve(sys.argv[1], sys.argv[2])' "$2" /tmp/keyring.deb
dpkg -i /tmp/keyring.deb
apt-get update
apt-get install -y --no-install-recommends \\
  cuda-nvcc-12-9 cuda-cudart-dev-12-9 cuda-nvrtc-dev-12-9 cuda-cccl-12-9
cp -a /usr/local/cuda-12.9/. "$home/"
"""
"""Puts the compiler that DeepGEMM needs on the node, once; later pods find it there."""


def shell(script: str, *parameters: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command and the arguments that run a script with these parameters."""
    return ("/bin/sh", "-c", literal(script), "towline"), tuple(literal(each) for each in parameters)


def literal(text: str) -> str:
    """The text so that Kubernetes hands it on as it is: it reads `$(NAME)` as a variable and `$$` as `$`."""
    return _READ_BY_KUBERNETES.sub("$$", text)
