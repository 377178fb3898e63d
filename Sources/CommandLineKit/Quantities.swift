// SPDX-License-Identifier: Apache-2.0

/// A number of bytes, written `100MiB`, `4KB` or as plain digits.
public struct ByteSize: Hashable, Sendable {
    /// The number of bytes.
    public let byteCount: Int

    /// Creates a size.
    ///
    /// - Precondition: `byteCount` is not negative.
    public init(_ byteCount: Int) {
        precondition(byteCount >= 0, "size must not be negative")
        self.byteCount = byteCount
    }

    /// The units, larger ones first and binary ones before decimal ones of the same rank, as
    /// ``argument`` prefers them.
    private static let units: [(name: String, byteCount: Int)] = [
        ("TiB", 1 << 40), ("TB", 1_000_000_000_000), ("GiB", 1 << 30), ("GB", 1_000_000_000),
        ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("KB", 1000), ("B", 1),
    ]
}

extension ByteSize: ArgumentValue {
    /// `SIZE`.
    public static var placeholder: String { "SIZE" }

    /// Parses a whole number and a unit; without a unit, the number is in bytes.
    public init(argument: String) throws(InvalidValue) {
        let (digits, unit) = argument.splittingUnit()
        let factor =
            unit.isEmpty
            ? 1 : Self.units.first { $0.name.lowercased() == unit.lowercased() }?.byteCount
        guard let count = Int(digits), let factor else {
            throw InvalidValue(argument, "expected a size such as 100MiB, 4KB or 65536")
        }
        let (byteCount, overflows) = count.multipliedReportingOverflow(by: factor)
        guard !overflows else { throw InvalidValue(argument, "too large") }
        self.init(byteCount)
    }

    /// The size in the largest unit that divides it.
    public var argument: String {
        let unit = Self.units.first { byteCount > 0 && byteCount.isMultiple(of: $0.byteCount) }
        guard let unit, unit.byteCount > 1 else { return byteCount.description }
        return "\(byteCount / unit.byteCount)\(unit.name)"
    }
}

extension Duration: ArgumentValue {
    /// A duration.
    public static var placeholder: String { "TIME" }

    private static let millisecondUnits: [(name: String, milliseconds: Int64)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Parses a whole number and one of the units `ms`, `s`, `m` and `h`.
    public init(argument: String) throws(InvalidValue) {
        let (digits, unit) = argument.splittingUnit()
        guard let count = Int64(digits),
            let factor = Self.millisecondUnits.first(where: { $0.name == unit })?.milliseconds
        else {
            throw InvalidValue(argument, "expected a duration such as 30s, 5m, 1h or 250ms")
        }
        let (milliseconds, overflows) = count.multipliedReportingOverflow(by: factor)
        guard !overflows else { throw InvalidValue(argument, "too long") }
        self = .milliseconds(milliseconds)
    }

    /// The duration in the largest unit that divides it, to the millisecond.
    public var argument: String {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflows else { return "\(seconds)s" }
        let milliseconds = whole + attoseconds / 1_000_000_000_000_000
        let unit = Self.millisecondUnits.first { milliseconds.isMultiple(of: $0.milliseconds) }
        guard let unit, milliseconds != 0 else { return "0s" }
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}

extension String {
    /// Returns the leading ASCII digits and the rest.
    fileprivate func splittingUnit() -> (digits: Substring, unit: Substring) {
        let digits = prefix { $0.isASCII && $0.isNumber }
        return (digits, self[digits.endIndex...])
    }
}

/// A number of bytes per second, written `50MB/s`, `8MiB/s` or `50MB`.
public struct ByteRate: Hashable, Sendable {
    /// The number of bytes per second.
    public let bytesPerSecond: Int

    /// The slowest rate that is accepted, in bytes per second.
    ///
    /// Registries abort an upload that receives nothing for about a minute, and an upload that is
    /// fed by a download receives nothing while the download is paused.
    public static let slowest = 100_000

    /// Creates a rate of at least 1 byte per second.
    public init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "rate must be positive")
        self.bytesPerSecond = bytesPerSecond
    }
}

extension ByteRate: ArgumentValue {
    /// `RATE`.
    public static var placeholder: String { "RATE" }

    /// Parses a size, optionally followed by `/s`.
    public init(argument: String) throws(InvalidValue) {
        let size = argument.hasSuffix("/s") ? argument.dropLast(2) : argument[...]
        let lowercased = size.lowercased()
        guard !lowercased.hasSuffix("bit"), !lowercased.hasSuffix("bps") else {
            throw InvalidValue(argument, "expected bytes per second, not bits, such as 50MB/s")
        }
        guard size.last?.isNumber != true, let size = try? ByteSize(argument: String(size)) else {
            throw InvalidValue(argument, "expected a rate such as 50MB/s, 8MiB/s or 800KB/s")
        }
        guard size.byteCount >= Self.slowest else {
            throw InvalidValue(
                argument, "too slow: registries give up on uploads below \(Self.slowest / 1000)KB/s"
            )
        }
        self.init(bytesPerSecond: size.byteCount)
    }

    /// The rate in the largest unit that divides it.
    public var argument: String { "\(ByteSize(bytesPerSecond).argument)/s" }
}
