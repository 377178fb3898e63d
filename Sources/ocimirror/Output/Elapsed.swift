// SPDX-License-Identifier: Apache-2.0

/// A duration in readable units: `80 ms`, `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
struct Elapsed: CustomStringConvertible {
    let duration: Duration

    var description: String {
        guard duration >= .milliseconds(100) else { return "\(duration.milliseconds) ms" }
        let tenths = duration.milliseconds / 100
        let seconds = tenths / 10
        if seconds < 10 { return "\(seconds).\(tenths % 10) s" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(Self.twoDigits(seconds % 60)) s" }
        return "\(seconds / 3600) h \(Self.twoDigits(seconds / 60 % 60)) min"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
