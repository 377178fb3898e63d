// SPDX-License-Identifier: Apache-2.0

/// A number of bytes in readable units: up to three digits and a decimal unit.
struct ByteCount: CustomStringConvertible {
    let bytes: Int

    var description: String {
        var value = bytes
        var rest = 0
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value < 1000 || unit == "TB" {
                guard unit != "B", value < 10 else { return "\(value) \(unit)" }
                return "\(value).\(rest / 100) \(unit)"
            }
            (value, rest) = value.quotientAndRemainder(dividingBy: 1000)
        }
        return "\(bytes) B"
    }
}
