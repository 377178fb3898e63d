// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

struct ArgumentValueTests {
    @Test(arguments: [
        ("0", 0), ("65536", 65536), ("7B", 7), ("4KB", 4000), ("4KiB", 4096), ("4kb", 4000),
        ("100MiB", 104_857_600), ("1GB", 1_000_000_000), ("2TiB", 2_199_023_255_552),
    ])
    func `a size is a number and a unit`(text: String, byteCount: Int) throws {
        #expect(try ByteSize(argument: text).byteCount == byteCount)
    }

    @Test(arguments: [
        "", "MiB", "-1", "+1", "1.5MiB", "1 MiB", "1M", "1XB", "٣", "9223372036854775808",
        "9223372036854775807KiB",
    ])
    func `an invalid size is rejected`(text: String) {
        #expect(throws: InvalidValue.self) { try ByteSize(argument: text) }
    }

    @Test(arguments: [
        (0, "0"), (1, "1"), (1536, "1536"), (1024, "1KiB"), (1000, "1KB"), (104_857_600, "100MiB"),
    ])
    func `a size is shown in the largest unit that divides it`(byteCount: Int, text: String) throws
    {
        #expect(ByteSize(byteCount).argument == text)
        #expect(try ByteSize(argument: text).byteCount == byteCount)
    }

    @Test(
        arguments: [
            ("250ms", .milliseconds(250)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("1h", .seconds(3600)), ("0s", .zero),
        ] as [(String, Duration)])
    func `a duration is a number and a unit`(text: String, duration: Duration) throws {
        #expect(try Duration(argument: text) == duration)
        #expect(duration.argument == text)
    }

    @Test(arguments: ["", "30", "s", "-5s", "1.5s", "5 m", "5M", "1d", "9223372036854775807h"])
    func `an invalid duration is rejected`(text: String) {
        #expect(throws: InvalidValue.self) { try Duration(argument: text) }
    }

    @Test func `a duration is shown in the largest unit that divides it`() {
        #expect(Duration.seconds(90).argument == "90s")
        #expect(Duration.seconds(120).argument == "2m")
        #expect(Duration.seconds(Int64.max).argument == "\(Int64.max)s")
    }

    @Test(arguments: ["", "x", "1.0", "1 ", "99999999999999999999"])
    func `an invalid integer is rejected`(text: String) {
        #expect(throws: InvalidValue(text, "expected an integer")) { try Int(argument: text) }
    }
}

@Suite struct `a rate` {
    @Test(arguments: [
        ("50MB/s", 50_000_000, "50MB/s"), ("8MiB/s", 8 << 20, "8MiB/s"),
        ("1GB", 1_000_000_000, "1GB/s"),
        ("800kb/s", 800_000, "800KB/s"), ("100KB/s", 100_000, "100KB/s"),
    ])
    func `is a size per second`(text: String, count: Int, shown: String) throws {
        let rate = try ByteRate(argument: text)
        #expect(rate.bytesPerSecond == count)
        #expect(rate.argument == shown)
    }

    @Test(arguments: [
        ("400Mbit/s", "bytes per second, not bits"), ("400Mbps", "bytes per second, not bits"),
        ("fast", "such as 50MB/s"),
        ("", "such as 50MB/s"), ("50", "such as 50MB/s"), ("-5MB/s", "such as 50MB/s"),
        ("5MB/m", "such as 50MB/s"),
        ("1.5MB/s", "such as 50MB/s"), ("99KB/s", "too slow"), ("0MB/s", "too slow"),
        ("9223372036854775807TB/s", "such as 50MB/s"),
    ])
    func `is rejected with an example of a valid rate`(text: String, reason: String) throws {
        let error = #expect(throws: InvalidValue.self) { try ByteRate(argument: text) }
        #expect(try #require(error).reason.contains(reason))
    }
}
