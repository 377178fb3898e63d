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

    /// The width to which lines are wrapped on a narrower terminal.
    private static let minimumWidth = 40

    /// Creates a console for the standard streams, respecting `NO_COLOR`, `TERM`, `COLUMNS`, `CI`
    /// and the locale.
    init(environment: [String: String]) {
        let wantsColor = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        outputIsTerminal = StandardStream.output.isTerminal
        outputStyle = TextStyle(hasColor: wantsColor && outputIsTerminal)
        errorStyle = TextStyle(hasColor: wantsColor && StandardStream.error.isTerminal)
        let columns =
            environment["COLUMNS"].flatMap(Int.init) ?? StandardStream.output.terminalSize?.columns
        width = max(columns ?? .max, Self.minimumWidth)
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
            writeLine(.labeled("hint:", hint, after: "ocimirror: ", errorStyle.bold))
        }
    }

    /// Returns a Boolean value that indicates whether entries of a level are logged.
    func logs(_ level: LogEntry.Level) -> Bool { level >= volume.minimumLevel }

    /// Logs an entry in the selected format, if its level is enabled.
    func log(_ entry: LogEntry) {
        guard logs(entry.level) else { return }
        switch (format, entry.level) {
        case (.json, _): screen.write("\(entry.json(at: .now).compactText)\n", to: .error)
        case (.text, .debug):
            writeLine(Listing.Cell(text: "ocimirror: \(entry.text)", paint: errorStyle.dim))
        case (.text, .info): writeLine(Listing.Cell(text: "ocimirror: \(entry.text)"))
        case (.text, .warning):
            writeLine(.labeled("warning:", entry.text, after: "ocimirror: ", errorStyle.yellow))
        case (.text, .error):
            writeLine(.labeled("error:", entry.text, after: "ocimirror: ", errorStyle.red))
        }
    }

    /// Writes a line to standard error, broken at spaces if it does not fit the terminal.
    func writeLine(_ line: Listing.Cell) {
        guard let width = errorWidth, line.text.columns > width else {
            return screen.write("\(line.paint(line.text))\n", to: .error)
        }
        screen.write(Listing.lines([line], width: width), to: .error)
    }

    /// The current width of the terminal of standard error, or `nil` if it is not a terminal.
    var errorWidth: Int? {
        StandardStream.error.terminalSize.map { max($0.columns, Self.minimumWidth) }
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
