# The daemon: `docker build -t towline .` from the root of the repository. It runs as user 65532 on a read-only
# root; what it writes lies in /var/lib/towline (--state) and /tmp. Packages of Debian carry no version (DL3008): its
# archive keeps the newest alone, and a version named here could soon not be installed at all.

FROM python:3.11-slim AS wheel
COPY .ci/requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/build \
 && /opt/build/bin/python -m pip install --no-cache-dir --no-compile --no-deps --only-binary :all: \
    --require-hashes --requirement /tmp/requirements.lock
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY reconciler reconciler
COPY templates templates
COPY presets presets
COPY example-repo example-repo
RUN /opt/build/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .

FROM python:3.11-slim AS packages
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv --without-pip /opt/towline \
 && python -m pip --python /opt/towline/bin/python install --no-cache-dir --no-compile --no-deps \
    --only-binary :all: --require-hashes --requirement /tmp/requirements.lock
# Bytecode halves the time until a pass; of the Kubernetes client's models and APIs nothing is imported.
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/towline/bin/python install --no-cache-dir --no-compile --no-deps --no-index \
    /dist/*.whl \
 && /opt/towline/bin/python -m compileall -q -x 'kubernetes/(aio|client/(api|models))/' /opt/towline/lib

FROM python:3.11-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 65532 towline \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin towline \
 && install --directory --owner 65532 --group 65532 /var/lib/towline
COPY --from=packages /opt/towline /opt/towline
ENV PATH=/opt/towline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/towline
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["towline"]
CMD ["--help"]
