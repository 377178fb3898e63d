// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
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
