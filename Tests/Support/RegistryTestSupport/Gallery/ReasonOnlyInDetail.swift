// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// The reason of a 403 is in the detail of an error whose message is generic.
    public static let reasonOnlyInDetail = OddBehavior(
        "reason-only-in-detail", source: "https://github.com/goharbor/harbor/issues/19983",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .answer(
                403, ["Content-Type": "application/json"],
                body: #"{"errors":[{"code":"DENIED","message":"denied","#
                    + #""detail":{"reason":"the license has expired"}}]}"#)))
}
