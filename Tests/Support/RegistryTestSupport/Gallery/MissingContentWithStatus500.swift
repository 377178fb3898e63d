// SPDX-License-Identifier: Apache-2.0

extension OddBehavior {
    /// A manifest whose content is missing is rejected with 500 and two errors, of which the second
    /// one states the cause.
    public static let missingContentWithStatus500 = OddBehavior(
        "missing-content-with-status-500",
        source: "https://github.com/distribution/distribution/issues/2232",
        .on(
            .put, "/manifests/*",
            .amend { response in
                guard response.status == 400 else { return }
                let errors = ["UNKNOWN", "MANIFEST_BLOB_UNKNOWN"].map {
                    #"{"code":"\#($0)","message":"unknown error","detail":{}}"#
                }
                response = ScriptedResponse(
                    500, ["Content-Type": "application/json"],
                    body: Bytes(#"{"errors":[\#(errors.joined(separator: ","))]}"#))
            }))
}
