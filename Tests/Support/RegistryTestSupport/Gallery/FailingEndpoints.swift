// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// Every request is throttled for a minute.
    public static let throttlingForAMinute = OddBehavior(
        "throttling-for-a-minute",
        source: "https://github.com/chainguard-images/images/issues/173",
        .on(nil, "*", .answer(.tooManyRequests, headers: ["Retry-After": "60"])))

    /// The connection breaks within every blob.
    public static let cutBlobs = OddBehavior(
        "cut-blobs", source: "https://github.com/kata-containers/tests/issues/4041",
        .on(.get, "/blobs/*", .cutBody(at: 1000)))

    /// A cache returns other bytes than the digest names.
    public static let corruptBlobs = OddBehavior(
        "corrupt-blobs", source: "https://github.com/kubernetes/minikube/issues/21778",
        .on(.get, "/blobs/*", .flipByte(at: 10)))
}
