# Build: the lock alone decides what is installed, and nothing of the build reaches the image.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock ./
# 1: the image can talk to models of OpenAI's and Anthropic's wire; 0: it has the planner alone.
ARG MODELS=1
RUN sed '/^# ---- only development/,$d' requirements.lock > most.lock \
 && sed '/^# ---- only a language model/,/^# ---- only building/d' most.lock > build.lock \
 && sed '/^# ---- only building/,$d' most.lock > run.lock \
 && if [ "${MODELS:-1}" = 0 ]; then sed -i '/^# ---- only a language model/,$d' run.lock; fi
RUN python -m venv /opt/triagebot \
 && /opt/triagebot/bin/pip install --require-hashes --no-deps -r run.lock
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --no-deps -r build.lock
COPY pyproject.toml LICENSE ./
COPY bot ./bot
COPY channels ./channels
COPY tools ./tools
COPY runbooks ./runbooks
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /opt/wheels . \
 && /opt/triagebot/bin/pip install --no-index --no-deps /opt/wheels/*.whl \
 && /opt/triagebot/bin/python -m compileall -q /opt/triagebot/lib \
 && /opt/triagebot/bin/pip uninstall --yes pip setuptools

# Run: no build tool, no package manager of ours, no root; only /data and /tmp are written.
FROM python:3.11-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=""
LABEL org.opencontainers.image.title="triagebot" \
      org.opencontainers.image.description="Self-hosted incident triage in chat, with human approvals" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="python:3.11-slim"
RUN install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/triagebot /opt/triagebot
ENV PATH=/opt/triagebot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATABASE_URL=sqlite:////data/triagebot.db \
    TRIAGE_OPERATOR_TOKEN_FILE=/data/triagebot.token \
    TRIAGE_SIGNING_KEY_FILE=/data/triagebot.key
WORKDIR /data
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["triagebot"]
CMD ["serve"]
