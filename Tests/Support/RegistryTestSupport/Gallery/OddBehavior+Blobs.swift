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

    /// The rest of a blob comes with the status 200, and with `Content-Range`.
    ///
    /// The first request of each kind is cut, so that a client asks for the rest.
    public static let partsWithStatus200 = OddBehavior(
        "parts-with-status-200", source: "https://github.com/Azure/Azurite/issues/367",
        .on(.get, "/blobs/*", where: { !$0.asksForPart }, .cutBody(at: 1500)),
        .on(.get, "/blobs/*", where: { $0.asksForPart }, .setStatus(200)))

    /// A request for the rest of a blob is rejected, with another status than 416.
    public static let rejectedRanges = OddBehavior(
        "rejected-ranges", source: "https://github.com/regclient/regclient/issues/961",
        .on(.get, "/blobs/*", hits: 1...1, where: { !$0.asksForPart }, .cutBody(at: 1500)),
        .on(.get, "/blobs/*", where: { $0.asksForPart }, .answer(400)))

    /// Manifests and lists have `Content-Encoding: gzip`, although the client accepts only
    /// `identity`.
    public static let gzippedMetadata = OddBehavior(
        "gzipped-metadata", source: "https://github.com/quay/quay/pull/1310",
        .on(.get, "/manifests/*", .gzip), .on(.get, "/tags/list", .gzip),
        .on(.get, "/referrers/*", .gzip))

    /// Blobs have `Content-Encoding: gzip`, although the client accepts only `identity`.
    public static let gzippedBlobs = OddBehavior(
        "gzipped-blobs", source: "https://github.com/quay/quay/pull/1310",
        .on(.get, "/blobs/*", .gzip))

    /// The bytes of a blob are sent as they are, but labeled as encoded.
    public static let labeledBlobs = OddBehavior(
        "labeled-blobs", source: "https://github.com/moby/moby/issues/17595",
        .on(.get, "/blobs/*", .setHeader("Content-Encoding", "x-gzip")))

    /// A project's storage quota is exceeded, which is a 403 like missing permission.
    public static let exceededQuota = OddBehavior(
        "exceeded-quota", source: "https://github.com/goharbor/harbor/issues/17390",
        .on(
            .put, "/blobs/uploads/*",
            .answer(
                ScriptedResponse(
                    .denied,
                    "adding 29.0 MiB of storage resource, which when updated to current usage of "
                        + "152.4 MiB will exceed the configured upper limit of 10.0 MiB."))))
}

extension RecordedRequest {
    fileprivate var asksForPart: Bool { headers["Range"] != nil }
}

extension Fault {
    /// The body of a successful response is encoded.
    fileprivate static var gzip: Fault {
        .amend { response in
            guard response.status == 200 else { return }
            response.body = Bytes(StoredGzip.bytes(response.body.contiguous))
            response.headers["Content-Encoding"] = "gzip"
        }
    }
}
