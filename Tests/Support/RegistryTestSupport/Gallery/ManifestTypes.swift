// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// Manifests have a generic content type.
    public static let untypedManifests = OddBehavior(
        "untyped-manifests", source: "https://github.com/goharbor/harbor/issues/7853",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .setHeader("Content-Type", "application/octet-stream")))

    /// Manifests are labeled as web pages.
    public static let manifestsLabeledAsHTML = OddBehavior(
        "manifests-labeled-as-html", source: "https://github.com/moby/moby/issues/19526",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .setHeader("Content-Type", "text/html; charset=utf-8"),
            .setHeader("Docker-Content-Digest", nil)))
}
