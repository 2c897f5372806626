# Postern's image: Node with the shared libraries it needs, built JavaScript, production dependencies, and nothing else: no shell, no package
# manager, no TypeScript. One build image is all that is pulled; the final image starts from nothing. How to build, verify and run it:
# docs/how-to/image.md.

# Debian with Node and npm. Pin it by digest where you build for others: --build-arg NODE_IMAGE=node:26.10.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Secrets, both optional: npm's configuration for a registry of your own, and the authorities it is to trust (cafile=/run/secrets/ca).
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca npm ci --ignore-scripts
COPY . .
RUN npm run build
# From the lock alone, so that it names no registry.
RUN npm sbom --package-lock-only --sbom-format=cyclonedx > sbom.json
# The optional packages are the demo's; `postern demo` says so where they are not.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca \
  npm ci --ignore-scripts --omit=dev --omit=optional
# Seconds since 1970, of the commit: every file's time. docker and podman give it to the build as SOURCE_DATE_EPOCH.
ARG SOURCE_DATE_EPOCH=0
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} node scripts/image/root.ts /out

# A layer of its own for Node, which changes less often than Postern.
FROM scratch AS runtime
COPY --from=build /out/runtime /

FROM runtime
COPY --from=build /out/app /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="postern" \
  org.opencontainers.image.description="A small guarded door to the Kubernetes API" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.source="${SOURCE}"
ENV POSTERN_CONFIG=/etc/postern/postern.yaml
# A number, so that runAsNonRoot can be checked without /etc/passwd.
USER 65532:65532
WORKDIR /etc/postern
# The gate, and /livez, /readyz and /metrics for probes and Prometheus: the addresses of docs/reference/config.md's example.
EXPOSE 8443 9090
ENTRYPOINT ["/usr/bin/node", "/opt/postern/bin/postern.js"]
CMD ["serve"]
