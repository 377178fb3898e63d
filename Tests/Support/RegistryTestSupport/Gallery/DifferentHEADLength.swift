// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// `Content-Length` of a HEAD is not the size of the manifest that GET returns.
    public static let differentHEADLength = OddBehavior(
        "different-head-length", source: "https://github.com/oras-project/oras-go/issues/1176",
        .on(.head, "/manifests/*", .amend { $0.body = Bytes($0.body.contiguous + [0x20]) }))
}
