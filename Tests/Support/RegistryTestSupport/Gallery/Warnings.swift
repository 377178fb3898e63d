// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// Every response has a warning.
    public static let warnings = OddBehavior(
        "warnings", source: "https://github.com/opencontainers/distribution-spec/pull/393",
        .on(nil, "*", .setHeader("Warning", #"299 - "this registry will be shut down""#)))
}
