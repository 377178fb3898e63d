// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import Testing
import Validation

@testable import Mirroring

struct RecordedRejectionsTests {
    private static let digest = Digest.of(Array("image".utf8))
    private static let required = ImageRequirements(
        platforms: [.linuxAMD64, .linuxARM64], level: .config, paths: ["/bin/sh"],
        exception: .init(platforms: [.linuxAMD64], reason: "no arm64", until: nil, daysLeft: 3))
    private static let error = Finding(.platformMissing, .error, "missing linux/arm64")

    @Test func `only errors are kept, because other findings change with time`() {
        let key = RecordedRejections.key(of: Self.digest, Self.required)
        let rejections = RecordedRejections([
            key: [Finding(.tagMoved, .warning, "the tag moved"), Self.error]
        ])
        #expect(rejections.findings(of: Self.digest, Self.required) == [Self.error])
        let warnings = RecordedRejections([key: [Finding(.tagMoved, .warning, "the tag moved")]])
        #expect(warnings.findings(of: Self.digest, Self.required) == nil)
    }

    private typealias Change = @Sendable (inout ImageRequirements) -> Void

    private static let relevantChanges: [String: Change] = [
        "platforms": { $0.platforms = [.linuxAMD64] },
        "level": { $0.level = .content },
        "artifact": { $0.isArtifact = true },
        "paths": { $0.paths = ["/bin/bash"] },
        "exception": { $0.exception = nil },
        "platforms of the exception": { $0.exception?.platforms = [.linuxARM64] },
        "end of the exception": { $0.exception?.until = "2030-01-01" },
        "expiry of the exception": { $0.exception?.daysLeft = -1 },
    ]

    @Test(arguments: relevantChanges.keys.sorted())
    func `another requirement is not covered`(name: String) throws {
        let key = RecordedRejections.key(of: Self.digest, Self.required)
        let rejections = RecordedRejections([key: [Self.error]])
        var required = Self.required
        try #require(Self.relevantChanges[name])(&required)
        #expect(rejections.findings(of: Self.digest, required) == nil)
    }

    @Test func `the reason and the days that are left do not matter, another digest does`() {
        let key = RecordedRejections.key(of: Self.digest, Self.required)
        let rejections = RecordedRejections([key: [Self.error]])
        var required = Self.required
        required.exception?.reason = "still no arm64"
        required.exception?.daysLeft = 2
        #expect(rejections.findings(of: Self.digest, required) == [Self.error])
        #expect(rejections.findings(of: .of(Array("other".utf8)), required) == nil)
    }
}
