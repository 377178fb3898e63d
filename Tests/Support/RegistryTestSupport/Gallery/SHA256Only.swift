// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI

extension OddBehavior {
    /// Manifests are known by their SHA-256 digest only: a push by another digest fails, and a push
    /// by a tag states the SHA-256 digest.
    public static let sha256Only = OddBehavior(
        "sha256-only", source: "https://github.com/distribution/distribution/issues/4420",
        .on(
            .put, "/manifests/sha512:*", .answer(.digestInvalid)),
        .on(.head, "/manifests/sha512:*", .answer(.manifestUnknown)),
        .on(.get, "/manifests/sha512:*", .answer(.manifestUnknown)))
}
