// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

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
