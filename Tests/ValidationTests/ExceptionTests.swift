// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct ExceptionTests {
    private static func exception(
        _ daysLeft: Int?, _ platforms: [Platform] = [.linuxAMD64]
    ) -> ImageRequirements.Exception {
        ImageRequirements.Exception(
            platforms: platforms, reason: "upstream is amd64 only", daysLeft: daysLeft)
    }

    @Test(arguments: [
        (nil, "note exception-used", "only linux/amd64 required: upstream is amd64 only"),
        (15, "note exception-used", "only linux/amd64 required: upstream is amd64 only"),
        (14, "warning exception-expired", "exception expires in 14 days: upstream is amd64 only"),
        (2, "warning exception-expired", "exception expires in 2 days: upstream is amd64 only"),
        (1, "warning exception-expired", "exception expires tomorrow: upstream is amd64 only"),
        (0, "warning exception-expired", "exception expires today: upstream is amd64 only"),
    ])
    func `an exception in force excuses platforms and a missing index`(
        _ daysLeft: Int?, _ summary: String, _ message: String
    ) async throws {
        let required = ImageRequirements(
            platforms: ImageSample.both, level: .config, exception: Self.exception(daysLeft))
        for image in [ImageSample.amd64, ImageBuilder().index([.image(ImageSample.amd64)])] {
            let report = try await ImageSample.report(on: image, required)
            #expect(report.isAccepted)
            #expect(report.findings.map(\.summary) == [summary])
            #expect(report.findings.map(\.message) == [message])
        }
    }

    @Test func `an expired exception excuses nothing`() async throws {
        #expect(
            try await ImageSample.findings(
                on: ImageSample.amd64, exception: Self.exception(-1)) == [
                    "error not-an-index", "error platform-missing linux/arm64",
                    "warning exception-expired",
                ])
        // If every platform exists, it is only a reminder to remove the exception.
        let whole = ImageBuilder().multiPlatform()
        #expect(
            try await ImageSample.findings(on: whole, exception: Self.exception(-1)) == [
                "warning exception-expired"
            ])
    }

    @Test func `an exception with several platforms does not excuse a missing index`()
        async throws
    {
        let exception = Self.exception(
            nil, [.linuxAMD64, Platform(os: "linux", architecture: "s390x")])
        #expect(
            try await ImageSample.findings(on: ImageSample.amd64, exception: exception) == [
                "error not-an-index", "error platform-missing linux/s390x", "note exception-used",
            ])
    }

    @Test func `an exception requires its own platforms`() async throws {
        #expect(
            try await ImageSample.findings(on: ImageSample.arm64, exception: Self.exception(nil))
                == ["error platform-missing linux/amd64", "note exception-used"])
    }
}
