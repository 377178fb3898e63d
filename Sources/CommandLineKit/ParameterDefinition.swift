// SPDX-License-Identifier: Apache-2.0

/// A parameter without the property that it is bound to: what help, suggestions and checks need.
struct ParameterDefinition: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Takes a value.
        case option
        /// Takes none; `--no-…` is its opposite.
        case flag
        /// `--help` or `--version`, which belong to no command.
        case builtIn
        /// A word without a dash.
        case positional(isRequired: Bool)
    }

    static let help = ParameterDefinition(
        kind: .builtIn, name: "--help", short: "-h", help: "show this help")
    static let version = ParameterDefinition(
        kind: .builtIn, name: "--version", help: "show the version")

    let kind: Kind
    /// `--jobs` for an option, `IMAGE` for a positional.
    let name: String
    var short: String?
    var placeholder = ""
    var candidates: [String] = []
    var isRepeated = false
    let help: String
    /// The heading under which help lists it; nil for that of its kind.
    var section: String?
    /// What the property holds where nothing is given.
    var defaults: [String] = []

    var isPositional: Bool {
        if case .positional = kind { true } else { false }
    }

    var isRequired: Bool { kind == .positional(isRequired: true) }

    /// The name of the opposite of a flag.
    var opposite: String? { kind == .flag ? "--no-\(name.dropFirst(2))" : nil }

    /// What help shows of a flag: the one of its names that changes something.
    var effectiveName: String { (defaults == ["true"] ? opposite : nil) ?? name }

    /// The variable that stands in for an option: `--idle-timeout` gives `…IDLE_TIMEOUT`.
    func variable(prefix: String) -> String? {
        guard kind == .option || kind == .flag else { return nil }
        let words = name.dropFirst(2).uppercased().map { $0 == "-" ? "_" : $0 }
        return prefix + String(words)
    }
}
