// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import StrictJSON
internal import TextSafety

/// The two streams: results go to standard output, everything else to standard error.
///
/// No line begins with words from outside, and such words come encoded, so nothing that a registry
/// says can act on a terminal or on a CI system's log.
struct Console: Sendable {
    /// How much is said on standard error.
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
    /// How wide a line of the result may be: the terminal's width, or what `COLUMNS` says.
    ///
    /// Elsewhere lines are as long as they are. A program that reads them finds each piece of text
    /// in one line, and in a CI system's log no line begins in the middle of what a server said.
    let width: Int
    /// Whether a person looks at standard error, on a terminal that can be drawn on.
    var isLive: Bool { canDraw && format == .text }
    private let canDraw: Bool
    /// Whether that terminal shows more than ASCII.
    let hasBlocks: Bool
    let screen = Screen()

    /// Looks at the streams and at `NO_COLOR`.
    init(environment: [String: String]) {
        let wantsColour = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        outputStyle = TextStyle(hasColour: wantsColour && CurrentProcess.isTerminal(.output))
        errorStyle = TextStyle(hasColour: wantsColour && CurrentProcess.isTerminal(.error))
        let columns =
            environment["COLUMNS"].flatMap(Int.init) ?? CurrentProcess.size(of: .output)?.columns
        width = max(columns ?? .max, 40)
        canDraw =
            CurrentProcess.isTerminal(.error) && (environment["CI"] ?? "").isEmpty
            && ![nil, "", "dumb"].contains(environment["TERM"])
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.isEmpty }?.lowercased()
        hasBlocks = locale?.hasSuffix("utf-8") ?? false || locale?.hasSuffix("utf8") ?? false
    }

    /// Writes a part of the result; the text brings its own line breaks.
    func result(_ text: String) {
        screen.write(text, to: .output)
    }

    /// Says what happens, unless nobody wants to know.
    func note(_ text: String) { say(LogEntry(.info, .message, text)) }

    /// Says what only a curious person wants to know.
    func detail(_ text: String) { say(LogEntry(.debug, .message, text)) }

    /// Says what is wrong although the run goes on.
    func warn(_ text: String) { say(LogEntry(.warning, .message, text)) }

    /// Says why it went wrong and what to do next; this is said even to who asked for quiet.
    func error(_ text: String, hint: String? = nil) {
        guard format == .text else {
            return say(LogEntry(.error, .message, text, ["hint": .optional(hint)]))
        }
        say(LogEntry(.error, .message, text))
        if let hint {
            screen.write("ocimirror: \(errorStyle.bold("hint:")) \(hint)\n", to: .error)
        }
    }

    /// Writes an entry, in the form that is asked for, to whoever asked for as much.
    func say(_ entry: LogEntry) {
        guard entry.level >= volume.least else { return }
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
    /// The level from which on something is said.
    fileprivate var least: LogEntry.Level {
        switch self {
        case .quiet: .error
        case .normal: .info
        case .verbose: .debug
        }
    }
}
