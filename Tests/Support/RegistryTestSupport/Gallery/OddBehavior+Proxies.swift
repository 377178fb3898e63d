// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// A captive portal or a login page responds to requests for manifests.
    public static let webPageForManifests = OddBehavior(
        "web-page-for-manifests", source: "https://github.com/moby/moby/issues/19526",
        .on(.get, "/manifests/*", .answer(.page(200, "Sign in to Corp"))),
        .on(.head, "/manifests/*", .answer(.page(200, "Sign in to Corp"))))

    /// A web page that is labeled as JSON responds to requests for tag lists.
    public static let webPageForTags = OddBehavior(
        "web-page-for-tags", source: "https://github.com/crazy-max/diun/issues/1395",
        .on(
            .get, "/tags/list", .answer(.page(200, "Sign in to Corp")),
            .setHeader("Content-Type", "application/json")))

    /// A web page responds to requests for referrers: the path belongs to a web application.
    public static let webPageForReferrers = OddBehavior(
        "web-page-for-referrers",
        source: "https://github.com/sigstore/sigstore-js/pull/1187",
        .on(.get, "/referrers/*", .answer(.page(200, "Artifacts"))))

    /// A firewall denies access with a web page, before the registry sees the request.
    public static let forbiddenWebPage = OddBehavior(
        "forbidden-web-page",
        source: "https://github.com/docker-library/official-images/issues/4309",
        .on(nil, "*", .answer(.page(403, "Access Denied by Web Filter"))))

    /// Every response has a warning.
    public static let warnings = OddBehavior(
        "warnings", source: "https://github.com/opencontainers/distribution-spec/pull/393",
        .on(nil, "*", .setHeader("Warning", #"299 - "this registry will be shut down""#)))
}
