// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI

extension OddBehavior {
    /// `Content-Length` of a HEAD is not the size of the manifest that GET returns.
    public static let differentHEADLength = OddBehavior(
        "different-head-length", source: "https://github.com/oras-project/oras-go/issues/1176",
        .on(.head, "/manifests/*", .amend { $0.body = Bytes($0.body.contiguous + [0x20]) }))

    /// HEAD of a manifest is 404 although GET returns it.
    public static let headNotFound = OddBehavior(
        "head-not-found", source: "https://github.com/crazy-max/diun/issues/1614",
        .on(.head, "/manifests/*", .answer(404)))

    /// Manifests have a generic content type.
    public static let untypedManifests = OddBehavior(
        "untyped-manifests", source: "https://github.com/goharbor/harbor/issues/7853",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .setHeader("Content-Type", "application/octet-stream")))

    /// Manifests are labeled as web pages.
    public static let manifestsLabeledAsHTML = OddBehavior(
        "manifests-labeled-as-html", source: "https://github.com/moby/moby/issues/19526",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .setHeader("Content-Type", "text/html; charset=utf-8"),
            .setHeader("Docker-Content-Digest", nil)))

    /// Manifests are known by their SHA-256 digest only: a push by another digest fails, and a push
    /// by a tag states the SHA-256 digest.
    public static let sha256Only = OddBehavior(
        "sha256-only", source: "https://github.com/distribution/distribution/issues/4420",
        .on(
            .put, "/manifests/sha512:*", .answer(.digestInvalid)),
        .on(.head, "/manifests/sha512:*", .answer(.manifestUnknown)),
        .on(.get, "/manifests/sha512:*", .answer(.manifestUnknown)))

    /// Manifests cannot be read because of a policy about vulnerabilities, but can be pushed.
    public static let blockedPulls = OddBehavior(
        "blocked-pulls", source: "https://github.com/goharbor/harbor/issues/15885",
        .on(.get, "/manifests/*", .block), .on(.head, "/manifests/*", .block))

    /// The reason of a 403 is in the detail of an error whose message is generic.
    public static let reasonOnlyInDetail = OddBehavior(
        "reason-only-in-detail", source: "https://github.com/goharbor/harbor/issues/19983",
        .on(
            nil, "/manifests/*", where: { $0.method == .get || $0.method == .head },
            .answer(
                403, ["Content-Type": "application/json"],
                body: #"{"errors":[{"code":"DENIED","message":"denied","#
                    + #""detail":{"reason":"the license has expired"}}]}"#)))

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
