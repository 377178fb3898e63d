# The program as an image for linux/amd64 and linux/arm64. Each platform is built on a host of its
# architecture, or under emulation, so no architecture is named here.
#
#   docker build --tag ocimirror .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/ocimirror:TAG --push .
# docker build --target binary --output ~/.local/bin .     # only the binary, to run it outside
#
# The base images are tags, which change. For reproducible builds, pass digests that you have
# verified: --build-arg SWIFT_IMAGE=swift@sha256:… --build-arg DEBIAN_IMAGE=debian@sha256:…
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        g++ libarchive-dev libcurl4-openssl-dev libisal-dev libssl-dev libyaml-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN make build \
    && make install PREFIX=/usr DESTDIR=/out BINARY=.build/release/ocimirror

# Only the binary. It needs the libraries of the last stage.
FROM scratch AS binary
COPY --from=build /out/usr/bin/ocimirror /

FROM ${DEBIAN_IMAGE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates libarchive13 libcurl4 libisal2 libssl3 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/ocimirror ocimirror \
    && install --directory --owner=ocimirror --group=ocimirror /var/lib/ocimirror
COPY --from=build /out/usr/ /usr/
# A numeric user, so that Kubernetes can verify that it is not root.
USER 10001:10001
WORKDIR /var/lib/ocimirror
ENTRYPOINT ["/usr/bin/ocimirror"]
CMD ["help"]
