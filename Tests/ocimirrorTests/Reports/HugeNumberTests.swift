// SPDX-License-Identifier: Apache-2.0

import OCI
import Registry
import StrictJSON
import Testing

@testable import Mirroring
@testable import ocimirror

/// Numbers from manifests, servers, files and variables, at the limits of integers.
@Suite struct `huge numbers` {
    @Test func `sums of declared sizes saturate`() {
        let run = SampleRun()
        for _ in 0..<1025 {
            run.traffic.record(
                .requestFinished(
                    host: "a.test", kind: .uploadPut, status: 413, bytes: Descriptor.maximumSize))
            run.traffic.record(
                .requestFinished(
                    host: "b.test", kind: .uploadPut, status: 413, bytes: Descriptor.maximumSize))
        }
        #expect(run.report.traffic.map(\.bytesWritten) == [.max, .max])
        #expect(run.report.json["totals"]?["bytesWritten"] == .integer(.max))
    }

    @Test func `sums of uploaded bytes saturate`()
        throws
    {
        var run = SampleRun()
        var receipt = CopyReceipt()
        receipt.bytesUploaded = .max - 1
        receipt.bytesMounted = .max - 1
        receipt.bytesPresent = .max - 1
        for id in ["a", "b"] {
            try run.add(.mirrored, id) { $0.targets[0].state = .copied(receipt) }
        }
        #expect(run.report.effort.bytesUploaded == .max)
        #expect(run.report.effort.bytesSaved == .max)
    }

    @Test(
        arguments: [
            (Duration.milliseconds(Int64.max), Int.max), (.seconds(Int64.max), .max),
            (.seconds(Int64.max) + .milliseconds(999), .max), (.seconds(Int64.min), .min),
            (.milliseconds(1999), 1999), (.zero, 0), (.nanoseconds(999_999), 0),
        ])
    func `durations are truncated to milliseconds and saturate`(duration: Duration, expected: Int) {
        #expect(duration.milliseconds == expected)
    }

    @Test func `a speed between two simultaneous samples does not overflow`() {
        var meter = SpeedMeter(timeConstant: .seconds(3))
        meter.record(0, at: .zero)
        meter.record(.max, at: .nanoseconds(1))
        #expect(meter.bytesPerSecond == 1_000_000_000_000_000_000)
    }

    @Test(arguments: [Int.min, -1])
    func `a recorded run with a negative size is rejected`(size: Int) throws {
        let text = """
            {"schema": 1, "command": "sync", "images": [{"id": "a", "downloadSize": \(size)}]}
            """
        #expect(throws: JSONError.self) { _ = try RunReportReader(parsing: Array(text.utf8)) }
    }
}
