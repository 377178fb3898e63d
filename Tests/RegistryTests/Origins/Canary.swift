// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Testing

@testable import Registry

/// Secrets that must not appear elsewhere, and the registry that they belong to.
enum Canary {
    static let blob = Sample.blob
    static let url = "https://reg.test/v2/app/blobs/\(blob.digest)"
    static let user = ["reg.test": Credential.user("canary-user", "canary-password")]
    static let basic: HTTPFields = ["WWW-Authenticate": "Basic realm=x"]
    static let body = ScriptedResponse(200, bytes: [blob.bytes])

    /// The secrets in each form in which they could appear.
    static let forms = [
        "canary", "%63anary", "63616e617279",
        Base64.encode(Array("canary-user:canary-password".utf8)),
        "Basic ", "Bearer ",
    ]

    /// Fails the test if another origin received a secret, or any text of its form.
    static func expectNoLeak(
        in requests: [ScriptedTransport.Recorded], _ location: SourceLocation = #_sourceLocation
    ) {
        for request in requests where !request.url.hasPrefix("https://reg.test/") {
            for form in forms {
                #expect(!request.wire.contains(form), "\(request.url)", sourceLocation: location)
            }
        }
    }
}
