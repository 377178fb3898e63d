// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// Manifests cannot be read because of a policy about vulnerabilities, but can be pushed.
    public static let blockedPulls = OddBehavior(
        "blocked-pulls", source: "https://github.com/goharbor/harbor/issues/15885",
        .on(.get, "/manifests/*", .block), .on(.head, "/manifests/*", .block))
}

extension Fault {
    private static let message =
        "current image with 86 vulnerabilities cannot be pulled due to configured policy"

    /// The policy applies to manifests that exist.
    fileprivate static var block: Fault {
        .amend { response in
            guard response.status == 200 else { return }
            response = ScriptedResponse(
                412, ["Content-Type": "application/json"],
                body: Bytes(
                    #"{"errors":[{"code":"PROJECTPOLICYVIOLATION","message":"\#(message)"}]}"#))
        }
    }
}
