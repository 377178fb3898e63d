// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// Lists of referrers fail with a status.
    public static func failingReferrers(status: Int) -> OddBehavior {
        OddBehavior(
            "failing-referrers", source: "https://github.com/dotnet/docker-tools/issues/2141",
            .on(.get, "/referrers/*", .answer(status)))
    }

    /// Mounts fail with a status, and other uploads succeed.
    public static func failingMounts(status: Int) -> OddBehavior {
        OddBehavior(
            "failing-mounts", source: "https://github.com/oras-project/oras/issues/1238",
            .on(
                .post, "/blobs/uploads/", where: { $0.parameter("mount") != nil },
                .answer(status)))
    }
}
