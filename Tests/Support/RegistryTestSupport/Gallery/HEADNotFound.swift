// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// HEAD of a manifest is 404 although GET returns it.
    public static let headNotFound = OddBehavior(
        "head-not-found", source: "https://github.com/crazy-max/diun/issues/1614",
        .on(.head, "/manifests/*", .answer(404)))
}
