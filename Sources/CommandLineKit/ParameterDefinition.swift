// SPDX-License-Identifier: Apache-2.0

/// A parameter without its property, as help, suggestions and validation need it.
struct ParameterDefinition: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// An option with a value.
        case option
        /// A flag, with `--no-…` as its opposite.
        case flag
        /// `--help` or `--version`, which the program handles.
        case builtIn
        /// A positional argument.
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
    /// The section of the help that lists it, or `nil` for the default section of its kind.
    var section: String?
    /// The default value, as text.
    var defaults: [String] = []

    var isPositional: Bool {
        if case .positional = kind { true } else { false }
    }

    var isRequired: Bool { kind == .positional(isRequired: true) }

    /// The name that clears a flag.
    var opposite: String? { kind == .flag ? "--no-\(name.dropFirst(2))" : nil }

    /// The name of a flag that help shows: the one that changes the default.
    var effectiveName: String { (defaults == ["true"] ? opposite : nil) ?? name }

    /// The environment variable of an option: `…IDLE_TIMEOUT` for `--idle-timeout`.
    func variable(prefix: String) -> String? {
        guard kind == .option || kind == .flag else { return nil }
        let words = name.dropFirst(2).uppercased().map { $0 == "-" ? "_" : $0 }
        return prefix + String(words)
    }
}
