# The program as an image, for linux/amd64 and linux/arm64: each platform is built on a machine of
# its own kind, or under emulation, so nothing here names one.
#
#   docker build --tag ocimirror .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/ocimirror:TAG --push .
#   docker build --target binary --output ~/.local/bin .     # the program alone, to run it outside
#
# The bases are tags, which move. Where builds have to be repeatable, give digests that you have
# seen: --build-arg SWIFT_IMAGE=swift@sha256:… --build-arg DEBIAN_IMAGE=debian@sha256:…
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        g++ libarchive-dev libcurl4-openssl-dev libisal-dev libssl-dev libyaml-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN swift build -c release --static-swift-stdlib --product ocimirror \
    && make install PREFIX=/usr DESTDIR=/out BINARY=.build/release/ocimirror

# The program alone. It runs where the libraries of the last stage are.
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
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/ocimirror
ENTRYPOINT ["/usr/bin/ocimirror"]
CMD ["help"]
