# ComfyTavern in one container: the web app inside the wheel, API and WebSocket on port 3233, SQLite in /data.
# Made by `make schemas` from src/comfytavern/deploy/render; an edit here is lost. How to build and run it: docs/operate/containers.md
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS web
WORKDIR /src/web
# Packages change seldom: this layer is made anew only when the lock does.
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY web/ ./
# Tests of the web app are type-checked too, and this is what one of them reads.
COPY tests/golden/graph/connects.json /src/tests/golden/graph/
ARG RELEASE=dev
ARG SOURCE_DATE_EPOCH=1767225600
# Types first, then hashed and compressed files; beside them a bill of materials.
RUN npm run --silent build -- --logLevel=warn \
    && printf '{"release":"%s"}\n' "$RELEASE" >dist/version.json \
    && node scripts/bill.mjs >sbom.cdx.json \
    && chmod -R a+rX,go-w dist sbom.cdx.json

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /src
# Packages change seldom: these layers are made anew only when a lock does. Bytecode is checked by nothing (the root may be read-only) and
# has no date inside; the files have one that is never another.
COPY requirements/run.txt requirements/
RUN pip download -q --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements/run.txt -d /wheels \
    && python -m venv --without-pip /opt/comfytavern \
    && pip --python /opt/comfytavern/bin/python install -q --no-cache-dir --no-index --no-deps --no-compile /wheels/*.whl \
    && PYTHONHASHSEED=0 /opt/comfytavern/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/comfytavern/lib \
    && echo /opt/app >"$(echo /opt/comfytavern/lib/python3*/site-packages)/app.pth" \
    && mkdir -p /packages/opt \
    && mv /opt/comfytavern /packages/opt/ \
    && ln -s /packages/opt/comfytavern /opt/comfytavern \
    && find /packages -exec touch -h -d @315532800 {} +

FROM packages AS app
COPY requirements/image.txt requirements/
RUN pip install -q --no-cache-dir --no-deps --require-hashes --target /tools -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY web/package-lock.json web/
COPY src src
COPY --from=web /src/web/dist src/comfytavern/_web
ARG RELEASE=dev
ARG SOURCE_DATE_EPOCH=1767225600
# The wheel, its bytecode, and the bill of materials of everything inside.
RUN export SOURCE_DATE_EPOCH PYTHONPATH=/tools PYTHONHASHSEED=0 \
    && python -m hatchling build -t wheel -d /made \
    && pip --python /opt/comfytavern/bin/python install -q --no-cache-dir --no-index --no-deps --no-compile --target /opt/app /made/*.whl \
    && /opt/comfytavern/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/app \
    && /opt/comfytavern/bin/python /opt/app/bin/comfytavern build bill --release "$RELEASE" --wheels /wheels --out /opt/app/sbom.cdx.json \
        --npm-lock web/package-lock.json \
    && rm -rf /opt/app/comfytavern-*.dist-info/direct_url.json \
    && mkdir -p /app/opt /owned/data \
    && mv /opt/app /app/opt/ \
    && find /app /owned -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM ${PYTHON_IMAGE}
ARG RELEASE=dev
ARG REVISION=""
LABEL org.opencontainers.image.title="comfytavern" \
      org.opencontainers.image.description="ComfyTavern in one container: web app, API and WebSocket; SQLite in /data." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/comfytavern/comfytavern" \
      org.opencontainers.image.version="${RELEASE}" \
      org.opencontainers.image.revision="${REVISION}"
# Packages and the app are layers of their own: a new version of the app brings 10 MB, not 280. Their dates are those of the sources.
COPY --from=packages /packages /
COPY --from=app /app /
COPY --from=app --chown=10001:10001 /owned /
ENV PATH=/opt/app/bin:/opt/comfytavern/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    HOST_BACKEND=0.0.0.0 \
    PORT_BACKEND=3233 \
    DATA_DIR=/data \
    COMFYTAVERN_RELEASE=${RELEASE}
WORKDIR /data
USER 10001:10001
# /data: the database (unless DATABASE_URL names another), files, backups, generated secrets. Nothing is written elsewhere, but to /tmp.
VOLUME ["/data", "/tmp"]
EXPOSE 3233
# Drains: /ready says no at once, requests and streams end in peace (DRAIN_S, DRAIN_STREAMS_S). Give it `--stop-timeout 150`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import http.client, os, sys; server = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT_BACKEND']), timeout=4); server.request('GET', '/ready'); sys.exit(server.getresponse().status != 200)"]
ENTRYPOINT ["comfytavern"]
CMD ["serve"]
