// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport

/// A kind of fault that can affect one request.
struct FaultKind: Sendable, CustomStringConvertible {
    /// The consequence of a single fault of the kind.
    enum Consequence: Sendable {
        /// The fault is temporary, and the run completes in spite of it.
        case completes
        /// The run completes, or the image fails.
        case mayFail
        /// The registry confirms a write that it loses.
        ///
        /// The target rejects incomplete manifests, because a client cannot detect the loss otherwise.
        case loses
    }

    let name: String
    let consequence: Consequence
    /// A Boolean value that indicates whether the client waits for a time limit.
    var isSlow: Bool { name == "stall" }
    /// Returns a Boolean value that indicates whether the kind can affect a request.
    let affects: @Sendable (RecordedRequest) -> Bool
    /// Returns the faults of a request; `elsewhere` is the origin of a registry without credentials.
    let faults: @Sendable (_ request: RecordedRequest, _ elsewhere: String) -> [Fault]

    var description: String { name }

    private init(
        _ name: String, _ consequence: Consequence,
        on affects: @escaping @Sendable (RecordedRequest) -> Bool = { _ in true },
        _ faults: @escaping @Sendable (_ request: RecordedRequest, _ elsewhere: String) -> [Fault]
    ) {
        self.name = name
        self.consequence = consequence
        self.affects = affects
        self.faults = faults
    }

    /// The kinds that a sweep injects at every request that they can affect.
    static let all: [FaultKind] = connections + statuses + bodies + headers + uploads

    private static let connections = [
        FaultKind("drop", .completes) { _, _ in [.drop] },
        FaultKind("stall", .completes, on: readsBody) { _, _ in [.stall(Gate())] },
        FaultKind("drop-answer", .completes) { _, _ in [.dropAnswer] },
        FaultKind("cut-half", .completes, on: readsBody) { _, _ in
            [.amend { $0.cut = $0.body.count / 2 }]
        },
        FaultKind("cut-last-byte", .completes, on: readsBody) { _, _ in
            [.amend { $0.cut = max(0, $0.body.count - 1) }]
        },
    ]

    private static let statuses =
        [408, 429, 500, 502, 503, 504].map { status in
            FaultKind("status-\(status)", .completes) { _, _ in [.answer(status)] }
        } + [
            FaultKind("status-429-retry-after", .completes) { _, _ in
                [.answer(429, ["Retry-After": "2"])]
            },
            FaultKind("status-503-retry-after", .completes) { _, _ in
                [.answer(503, ["Retry-After": "5"])]
            },
            FaultKind("status-429-retry-in-years", .mayFail) { _, _ in
                [.answer(429, ["Retry-After": "99999999999"])]
            },
            FaultKind("status-401-early", .mayFail) { _, _ in
                [.answerEarly(ScriptedResponse(.unauthorized))]
            },
            FaultKind("status-401-elsewhere", .mayFail) { _, elsewhere in
                [
                    .answer(
                        401,
                        [
                            "WWW-Authenticate":
                                "Bearer realm=\"\(elsewhere)/token\",service=\"registry\""
                        ])
                ]
            },
            FaultKind("status-401-basic", .mayFail) { _, _ in
                [.answer(401, ["WWW-Authenticate": "Basic realm=\"x\""])]
            },
            FaultKind("status-507", .mayFail) { _, _ in [.answer(507)] },
            FaultKind("status-304", .mayFail) { _, _ in [.answer(304)] },
            FaultKind("status-200-empty", .mayFail) { _, _ in [.answer(200)] },
            FaultKind("status-hostile", .mayFail) { _, _ in
                [
                    .answer(
                        403,
                        body:
                            "{\"errors\":[{\"code\":\"\u{1B}[2J\",\"message\":\"\u{202E}\u{7}\\r\\n::error::\"}]}"
                    )
                ]
            },
            FaultKind("redirect-elsewhere", .mayFail) { request, elsewhere in
                [.redirect(to: elsewhere + request.target)]
            },
            FaultKind("redirect-file", .mayFail) { _, _ in [.redirect(to: "file:///etc/hostname")]
            },
        ]
        + [
            RegistryFailure.denied, .manifestUnknown, .blobUnknown, .nameUnknown, .unsupported,
            .manifestInvalid,
        ]
        .map { failure in
            // These responses to the referrers API mean that the registry does not have it.
            FaultKind(
                "error-\(failure.rawValue.lowercased())", .mayFail,
                on: { $0.kind != .referrers || ![400, 404, 405].contains(failure.status) }
            ) { _, _ in [.answer(failure)] }
        }

    private static let bodies = [
        FaultKind("flip-first", .completes, on: readsContent) { _, _ in [.flipByte(at: 0)] },
        FaultKind("flip-middle", .completes, on: readsContent) { _, _ in
            [.amend { $0.flipped.insert($0.body.count / 2) }]
        },
        FaultKind("web-page", .mayFail) { _, _ in
            [
                .answer(
                    200, ["Content-Type": "text/html"],
                    body: "<html><body>Please log in</body></html>")
            ]
        },
        FaultKind("other-json", .mayFail, on: { $0.method == .get }) { _, _ in
            [.replaceBody(Bytes("{\"tags\":[[],0]}"))]
        },
        FaultKind("no-length", .completes, on: readsBody) { _, _ in [.omitLength] },
    ]

    private static let headers = [
        FaultKind("other-digest", .mayFail) { _, _ in
            [.claimDigest("sha256:" + String(repeating: "0", count: 64))]
        },
        FaultKind("bad-digest", .mayFail) { _, _ in [.claimDigest("sha256:x")] },
        FaultKind("other-type", .mayFail, on: readsBody) { _, _ in
            [.setHeader("Content-Type", "text/plain")]
        },
        FaultKind("link-elsewhere", .mayFail, on: { $0.method == .get }) { _, elsewhere in
            [.setHeader("Link", "<\(elsewhere)/v2/app/tags/list>; rel=\"next\"")]
        },
    ]

    private static let uploads = [
        FaultKind("drop-upload", .completes, on: sendsBlob) { _, _ in [.dropUpload(after: 100)] },
        FaultKind(
            "forget-upload", .completes, on: { $0.kind == .uploadCommit || $0.kind == .uploadChunk }
        ) { _, _ in
            [.forgetUpload]
        },
        FaultKind("upload-elsewhere", .mayFail, on: startsUpload) { _, elsewhere in
            [.setHeader("Location", "\(elsewhere)/v2/mirror/app/blobs/uploads/1")]
        },
        FaultKind("upload-nowhere", .mayFail, on: startsUpload) { _, _ in
            [.setHeader("Location", nil)]
        },
        FaultKind("false-mount", .loses, on: { $0.kind == .mount }) { _, _ in [.answer(201)] },
        FaultKind("lost-blob", .loses, on: { $0.kind == .uploadCommit }) { _, _ in [.loseBlob] },
    ]

    private static let readsBody: @Sendable (RecordedRequest) -> Bool = { $0.method == .get }
    private static let readsContent: @Sendable (RecordedRequest) -> Bool = {
        $0.kind == .manifestGet || $0.kind == .blobGet
    }
    private static let sendsBlob: @Sendable (RecordedRequest) -> Bool = {
        $0.kind == .uploadCommit || $0.kind == .uploadChunk
    }
    private static let startsUpload: @Sendable (RecordedRequest) -> Bool = {
        $0.kind == .uploadStart || $0.kind == .mount
    }
}
