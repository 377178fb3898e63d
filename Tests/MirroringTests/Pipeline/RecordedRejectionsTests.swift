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

    /// Each differs from ``required`` in one component.
    private static let others: [ImageRequirements] = [
        ImageRequirements(
            platforms: [.linuxAMD64], level: .config, paths: required.paths,
            exception: required.exception),
        ImageRequirements(
            platforms: required.platforms, level: .content, paths: required.paths,
            exception: required.exception),
        ImageRequirements(
            platforms: required.platforms, level: .config, isArtifact: true, paths: required.paths,
            exception: required.exception),
        ImageRequirements(
            platforms: required.platforms, level: .config, paths: ["/bin/bash"],
            exception: required.exception),
        ImageRequirements(platforms: required.platforms, level: .config, paths: required.paths),
        excepting(platforms: [.linuxARM64], until: nil, daysLeft: 3),
        excepting(platforms: [.linuxAMD64], until: "2030-01-01", daysLeft: 3),
        excepting(platforms: [.linuxAMD64], until: nil, daysLeft: -1),
    ]

    private static func excepting(
        platforms: [Platform], until: String?, daysLeft: Int?, reason: String = "no arm64"
    ) -> ImageRequirements {
        ImageRequirements(
            platforms: required.platforms, level: required.level, paths: required.paths,
            exception: .init(
                platforms: platforms, reason: reason, until: until, daysLeft: daysLeft))
    }

    @Test(arguments: others)
    func `another requirement is not covered`(required: ImageRequirements) {
        let key = RecordedRejections.key(of: Self.digest, Self.required)
        let rejections = RecordedRejections([key: [Self.error]])
        #expect(rejections.findings(of: Self.digest, required) == nil)
    }

    @Test func `the reason and the days that are left do not matter, another digest does`() {
        let key = RecordedRejections.key(of: Self.digest, Self.required)
        let rejections = RecordedRejections([key: [Self.error]])
        let required = Self.excepting(
            platforms: [.linuxAMD64], until: nil, daysLeft: 2, reason: "still no arm64")
        #expect(rejections.findings(of: Self.digest, required) == [Self.error])
        #expect(rejections.findings(of: .of(Array("other".utf8)), required) == nil)
    }
}
