// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
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
}

extension RecordedRequest {
    fileprivate var asksForPart: Bool { headers["Range"] != nil }
}
