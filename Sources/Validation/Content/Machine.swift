// SPDX-License-Identifier: Apache-2.0

internal import LayerArchive
internal import OCI

/// A processor in the words of ELF.
///
/// Source: System V ABI, `e_machine`; Go's names are those of the image specification.
struct Machine: Hashable {
    /// `e_machine`.
    let number: UInt16
    let is64Bit: Bool
    let isLittleEndian: Bool

    /// The machine of a platform; nil for one that is not known here.
    init?(_ platform: Platform) {
        guard platform.os == "linux", let machine = Self.known[platform.architecture] else {
            return nil
        }
        self = machine
    }

    init(_ header: ELFHeader) {
        self.init(header.machine, is64Bit: header.is64Bit, isLittle: header.isLittleEndian)
    }

    private init(_ number: UInt16, is64Bit: Bool = true, isLittle: Bool = true) {
        self.number = number
        self.is64Bit = is64Bit
        self.isLittleEndian = isLittle
    }

    private static let known: [String: Machine] = [
        "386": Machine(3, is64Bit: false),
        "amd64": Machine(62),
        "arm": Machine(40, is64Bit: false),
        "arm64": Machine(183),
        "loong64": Machine(258),
        "mips": Machine(8, is64Bit: false, isLittle: false),
        "mips64": Machine(8, isLittle: false),
        "mips64le": Machine(8),
        "mipsle": Machine(8, is64Bit: false),
        "ppc64": Machine(21, isLittle: false),
        "ppc64le": Machine(21),
        "riscv64": Machine(243),
        "s390x": Machine(22, isLittle: false),
    ]

    /// Whether programs for `other` run here.
    enum Fitness {
        case native
        /// Where kernel and processor also know the smaller brother.
        case sometimes
        case never
    }

    func runs(_ other: Machine) -> Fitness {
        if self == other { return .native }
        return switch (number, other.number) {
        case (62, 3), (183, 40): other.is64Bit ? .never : .sometimes
        // x32 and ILP32: the processor's own, with short pointers.
        case (62, 62), (183, 183): isLittleEndian == other.isLittleEndian ? .sometimes : .never
        default: .never
        }
    }
}

extension Machine: CustomStringConvertible {
    /// The name of the architecture, or the number of a machine that has none here.
    var description: String {
        Self.known.first { $0.value == self }?.key ?? "machine \(number)"
    }
}
