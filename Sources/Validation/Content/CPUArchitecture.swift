// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// The CPU architecture of an ELF file or a platform.
///
/// Source: System V ABI, `e_machine`; the names are those of Go, as in the image specification.
struct CPUArchitecture: Hashable {
    /// The value of `e_machine`.
    let number: UInt16
    let is64Bit: Bool
    let isLittleEndian: Bool

    /// Creates the CPU architecture of a platform; `nil` if it is unknown.
    init?(_ platform: Platform) {
        guard platform.os == "linux", let known = Self.known[platform.architecture] else {
            return nil
        }
        self = known
    }

    init(_ header: ELFHeader) {
        self.init(header.architecture, is64Bit: header.is64Bit, isLittle: header.isLittleEndian)
    }

    private init(_ number: UInt16, is64Bit: Bool = true, isLittle: Bool = true) {
        self.number = number
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittle
    }

    private static let known: [String: CPUArchitecture] = [
        "386": CPUArchitecture(3, is64Bit: false),
        "amd64": CPUArchitecture(62),
        "arm": CPUArchitecture(40, is64Bit: false),
        "arm64": CPUArchitecture(183),
        "loong64": CPUArchitecture(258),
        "mips": CPUArchitecture(8, is64Bit: false, isLittle: false),
        "mips64": CPUArchitecture(8, isLittle: false),
        "mips64le": CPUArchitecture(8),
        "mipsle": CPUArchitecture(8, is64Bit: false),
        "ppc64": CPUArchitecture(21, isLittle: false),
        "ppc64le": CPUArchitecture(21),
        "riscv64": CPUArchitecture(243),
        "s390x": CPUArchitecture(22, isLittle: false),
    ]

    /// The compatibility of a program with a CPU architecture.
    enum Compatibility {
        case native
        /// Depends on kernel and processor: a 32-bit program on a 64-bit architecture.
        case sometimes
        case never
    }

    func compatibility(with other: CPUArchitecture) -> Compatibility {
        if self == other { return .native }
        return switch (number, other.number) {
        case (62, 3), (183, 40): other.is64Bit ? .never : .sometimes
        // x32 and ILP32: the same architecture with short pointers.
        case (62, 62), (183, 183): isLittleEndian == other.isLittleEndian ? .sometimes : .never
        default: .never
        }
    }
}

extension CPUArchitecture: CustomStringConvertible {
    /// The name of the architecture, or the value of `e_machine` if it is unknown.
    var description: String {
        Self.known.first { $0.value == self }?.key ?? "CPU architecture \(number)"
    }

    /// The description of a binary, such as "an amd64 binary".
    var binaryDescription: String {
        guard let name = Self.known.first(where: { $0.value == self })?.key else {
            return "a binary for \(self)"
        }
        return "\(["a", "s"].contains(name.first) ? "an" : "a") \(name) binary"
    }
}
