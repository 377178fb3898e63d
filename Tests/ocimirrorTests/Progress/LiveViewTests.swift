// SPDX-License-Identifier: Apache-2.0

import Mirroring
import Testing

@testable import ocimirror

/// The status lines are a function of a snapshot and the terminal's size.
@Suite struct `the live view` {
    private static let middle = ProgressSnapshot(
        sample: ProgressSample(
            totalCount: 38, startedCount: 28, finishedCount: 12, failedCount: 2,
            activeNames: ["grafana", "loki"],
            expectedBytes: 3_400_000_000, completedBytes: 1_200_000_000, readBytes: 1_100_000_000,
            transfers: [
                .init(
                    name: "grafana", digest: "sha256:0f3a5b7c9d1e", readBytes: 61_200_000,
                    size: 118_000_000),
                .init(
                    name: "envoy-gateway", digest: "sha256:77aa66bb55cc", readBytes: 45_000_000,
                    size: 48_100_000),
                .init(
                    name: "redis-operator", digest: "sha256:123456789abc", readBytes: 12_100_000,
                    size: 12_100_000),
            ]),
        elapsed: .seconds(48), bytesPerSecond: 25_300_000, remaining: .seconds(83),
        throttledHosts: [
            ThrottledHost(
                host: "docker.io", reason: "too many requests (429)", remaining: .seconds(12))
        ],
        pulls: ["docker.io: 76 pulls remaining"])

    private func lines(
        _ snapshot: ProgressSnapshot, _ columns: Int, rows: Int = 24, supportsUTF8: Bool = true
    ) -> [String] {
        LiveView(
            columns: columns, rows: rows, style: TextStyle(hasColor: false),
            supportsUTF8: supportsUTF8
        ).lines(snapshot)
    }

    @Test func `fits 80 columns`() {
        #expect(
            lines(Self.middle, 80) == [
                " 12 of 38 images, 2 failed · 1.2 of 3.4 GB · 25 MB/s · 1:23 left · 0:48 elapsed",
                " grafana         ━━━━━━━━━━━━━━━━━━───────────────────   51%       61 of 118 MB",
                " envoy-gateway   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━───   93%        45 of 48 MB",
                " redis-operator  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100%   12 MB, finishing",
                " docker.io: too many requests (429); retrying in 0:12",
                " docker.io: 76 pulls remaining",
            ])
    }

    @Test func `shows more in 140 columns`() {
        let lines = lines(Self.middle, 140)
        #expect(
            lines[0]
                == " 12 of 38 images, 2 failed · 1.2 of 3.4 GB · 25 MB/s · 1:23 left · 0:48 elapsed"
        )
        #expect(
            lines[1]
                == " grafana        sha256:0f3a5b7c9d1e  ━━━━━━━━━━━━━━━━━━━━━━━━────────────────────────   51%       61 of 118 MB"
        )
    }

    @Test func `uses ASCII without UTF-8`() {
        let lines = lines(Self.middle, 80, supportsUTF8: false)
        #expect(lines[0].hasPrefix(" 12 of 38 images, 2 failed, 1.2 of 3.4 GB, 25 MB/s"))
        #expect(lines[1].contains(" ##################-------------------   51%"))
        #expect(lines.joined().allSatisfy { $0.isASCII })
    }

    @Test(arguments: [1, 2, 8, 20, 40, 60, 79, 80, 81, 140, 300])
    func `is narrower than the terminal, and keeps the most important parts`(columns: Int) {
        let lines = lines(Self.middle, columns)
        #expect(lines.allSatisfy { $0.columns < max(columns, 3) }, "\(lines)")
        if columns >= 40 { #expect(lines[0].contains("12 of 38 images")) }
    }

    @Test(arguments: [1, 3, 5, 6, 12, 24])
    func `is lower than the terminal`(rows: Int) {
        var snapshot = Self.middle
        snapshot.sample.transfers += (1...40).map {
            .init(name: "image-\($0)", digest: "sha256:\($0)", readBytes: 1, size: 2)
        }
        let lines = lines(snapshot, 80, rows: rows)
        #expect(lines.count <= max(rows - 2, 1))
        #expect(lines.count <= 3 + LiveView.transferLimit)
        if rows == 24 { #expect(lines.contains(" and 36 more")) }
    }

    @Test func `counts wide characters and accents as the terminal does`() {
        #expect("grafana".columns == 7)
        #expect("漢字".columns == 4)
        #expect("e\u{301}".columns == 1)
        #expect("👩".columns == 2)
        #expect(TextStyle(hasColor: true).green("ok").columns == 2)
        #expect("漢字漢字".fitting(5) == "漢字…")
        #expect("grafana".fitting(7) == "grafana")
        #expect("grafana".fitting(0).isEmpty)
        var snapshot = Self.middle
        snapshot.sample.transfers = [.init(name: "漢字-image", digest: "", readBytes: 1, size: 2)]
        #expect(lines(snapshot, 80)[1].columns == lines(Self.middle, 80)[1].columns)
    }

    @Test func `lists active images while no blob is transferred`() {
        var snapshot = Self.middle
        snapshot.sample.transfers = []
        #expect(lines(snapshot, 80)[1] == " processing grafana, loki")
        snapshot.sample.activeNames = (1...9).map { "image-\($0)" }
        #expect(lines(snapshot, 80)[1].hasSuffix("image-6 and 3 more"))
        #expect(lines(ProgressSnapshot(), 80) == [" resolving images · 0:00 elapsed"])
    }

    @Test(arguments: [
        (0, "0:00"), (7, "0:07"), (754, "12:34"), (3723, "1:02:03"), (-5, "0:00"),
    ])
    func `formats durations as clocks do`(seconds: Int, text: String) {
        #expect(Duration.seconds(seconds).clock == text)
    }

    @Test func `calculates the speed from recent samples`() {
        var meter = SpeedMeter(timeConstant: .seconds(3))
        #expect(meter.bytesPerSecond == 0)
        #expect(meter.time(for: 100) == nil)
        for second in 0...10 { meter.record(second * 1000, at: .seconds(second)) }
        #expect(meter.bytesPerSecond == 1000)
        #expect(meter.time(for: 5000) == .seconds(5))
        for second in 11...40 { meter.record(10_000, at: .seconds(second)) }
        #expect(meter.bytesPerSecond == 0, "what stands still has no speed")
    }

    @Test(arguments: [
        ("platform-observability-a", 12, "platfo…ity-a"), ("short", 12, "short"), ("long", 2, "l…"),
    ])
    func `shortens names in the middle`(name: String, width: Int, shown: String) {
        #expect(name.fittingBothEnds(width) == shown)
    }

    @Test func `rounds the remaining time up`() {
        var meter = SpeedMeter(timeConstant: .seconds(20))
        meter.record(0, at: .zero)
        meter.record(1000, at: .seconds(1))
        #expect(meter.time(for: 1) == .seconds(1))
        #expect(meter.time(for: 2000) == .seconds(2))
        #expect(meter.time(for: 2001) == .seconds(3))
    }

    @Test func `estimates the remaining time only where it can be known`() {
        func remaining(
            started: Int = 2, seconds: Int = 6, throttled: [ThrottledHost] = []
        ) -> String? {
            var frames = ProgressFrames(from: .zero)
            var sample = ProgressSample(
                totalCount: 2, startedCount: started, expectedBytes: 1200, completedBytes: 100,
                readBytes: 100)
            _ = frames.next(sample, at: .seconds(1))
            sample.completedBytes = seconds * 100
            sample.readBytes = seconds * 100
            return frames.next(sample, at: .seconds(seconds), throttledHosts: throttled)
                .timeRemaining
        }
        #expect(remaining() == "0:06 left")
        #expect(remaining(started: 1) == nil, "more images will follow")
        #expect(remaining(seconds: 5) == nil, "the speed is not known yet")
        let host = ThrottledHost(host: "a", reason: "429", remaining: .seconds(9))
        #expect(remaining(throttled: [host]) == nil, "nothing is transferred meanwhile")
    }

    @Test func `shows the platform of transfers with the same name`() {
        func transfer(_ name: String, _ platform: String?) -> ProgressSample.Transfer {
            .init(name: name, platform: platform, digest: "", readBytes: 1, size: 2)
        }
        var snapshot = ProgressSnapshot()
        snapshot.sample.transfers = [
            transfer("app", "linux/amd64"), transfer("app", "linux/arm64"),
            transfer("other", "linux/amd64"),
            transfer("a-very-long-name-of-an-image", "linux/amd64"),
            transfer("a-very-long-name-of-an-image", "linux/arm64"),
        ]
        let lines = lines(snapshot, 80)
        #expect(lines[1].hasPrefix(" app linux/amd64 ") && lines[2].hasPrefix(" app linux/arm64 "))
        #expect(lines[3].hasPrefix(" other  "))
        #expect(lines[4].contains(" linux/amd64 ") && lines[5].contains(" linux/arm64 "))
        #expect(lines.allSatisfy { $0.columns < 80 })
    }
}
