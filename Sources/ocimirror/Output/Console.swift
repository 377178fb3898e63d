// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import StrictJSON
internal import TextSafety

/// The output streams: results go to standard output, all other messages to standard error.
///
/// No line begins with untrusted text, and untrusted text is always encoded, so that text from a
/// registry cannot control a terminal or add commands to the log of a CI system.
struct Console: Sendable {
    /// The verbosity of standard error.
    enum Volume: Int, Sendable, Comparable {
        case quiet
        case normal
        case verbose

        static func < (first: Volume, second: Volume) -> Bool { first.rawValue < second.rawValue }
    }

    var volume = Volume.normal
    var format = LogFormat.text
    let outputStyle: TextStyle
    let errorStyle: TextStyle
    /// The maximum width of a line of output: the terminal's width, or the value of `COLUMNS`.
    ///
    /// Without either, lines are not wrapped. A script then finds each message in one line, and no
    /// line of a CI log begins in the middle of untrusted text.
    let width: Int
    /// A Boolean value that indicates whether standard error is a terminal that shows progress.
    var isLive: Bool { canDraw && format == .text }
    private let canDraw: Bool
    /// A Boolean value that indicates whether results are written to a terminal.
    let outputIsTerminal: Bool
    /// A Boolean value that indicates whether the terminal displays UTF-8.
    let supportsUTF8: Bool
    let screen = Screen()

    /// Creates a console for the standard streams, respecting `NO_COLOR`, `TERM`, `COLUMNS`, `CI`
    /// and the locale.
    init(environment: [String: String]) {
        let wantsColor = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        outputIsTerminal = StandardStream.output.isTerminal
        outputStyle = TextStyle(hasColor: wantsColor && outputIsTerminal)
        errorStyle = TextStyle(hasColor: wantsColor && StandardStream.error.isTerminal)
        let columns =
            environment["COLUMNS"].flatMap(Int.init) ?? StandardStream.output.terminalSize?.columns
        width = max(columns ?? .max, 40)
        canDraw =
            StandardStream.error.isTerminal && (environment["CI"] ?? "").isEmpty
            && ![nil, "", "dumb"].contains(environment["TERM"])
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.isEmpty }?.lowercased()
        supportsUTF8 = locale?.hasSuffix("utf-8") ?? false || locale?.hasSuffix("utf8") ?? false
    }

    /// Writes text to standard output, without adding a line break.
    func result(_ text: String) {
        screen.write(text, to: .output)
    }

    /// Logs a message, unless the console is quiet.
    func note(_ text: String) { log(LogEntry(.info, .message, text: text)) }

    /// Logs a message if the console is verbose.
    func detail(_ text: String) { log(LogEntry(.debug, .message, text: text)) }

    /// Logs a warning.
    func warn(_ text: String) { log(LogEntry(.warning, .message, text: text)) }

    /// Logs an error and a hint, also if the console is quiet.
    func error(_ text: String, hint: String? = nil) {
        guard format == .text else {
            return log(LogEntry(.error, .message, text: text, fields: ["hint": .optional(hint)]))
        }
        log(LogEntry(.error, .message, text: text))
        if let hint {
            screen.write("ocimirror: \(errorStyle.bold("hint:")) \(hint)\n", to: .error)
        }
    }

    /// Logs an entry in the selected format, if its level is enabled.
    func log(_ entry: LogEntry) {
        guard entry.level >= volume.minimumLevel else { return }
        let line =
            switch (format, entry.level) {
            case (.json, _): entry.json(at: .now).compactText
            case (.text, .debug): errorStyle.dim("ocimirror: \(entry.text)")
            case (.text, .info): "ocimirror: \(entry.text)"
            case (.text, .warning): "ocimirror: \(errorStyle.yellow("warning:")) \(entry.text)"
            case (.text, .error): "ocimirror: \(errorStyle.red("error:")) \(entry.text)"
            }
        screen.write("\(line)\n", to: .error)
    }
}

extension Console.Volume {
    /// The lowest level that is logged.
    fileprivate var minimumLevel: LogEntry.Level {
        switch self {
        case .quiet: .error
        case .normal: .info
        case .verbose: .debug
        }
    }
}
