// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// A list of referrers without entries has `null` instead of an empty array, as Go encodes a
    /// slice that was never set.
    public static let nullReferrers = OddBehavior(
        "null-referrers", source: "https://github.com/containers/skopeo/issues/2409",
        .on(
            .get, "/referrers/*",
            .answer(
                200, ["Content-Type": "application/vnd.oci.image.index.v1+json"],
                body: #"{"schemaVersion":2,"manifests":null}"#)))
}
