// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
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
