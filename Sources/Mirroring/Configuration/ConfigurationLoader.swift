// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A valid configuration with its warnings.
public struct LoadedConfiguration: Hashable, Sendable {
    /// The configuration.
    public let configuration: MirrorConfiguration
    /// The warnings, ordered by location.
    public let warnings: [ConfigurationDiagnostic]
}

/// Parses `mirror.yaml` into a validated configuration, or reports every problem at once.
///
/// It does not access the network, nor files unless `checkFile` does.
public struct ConfigurationLoader: Sendable {
    /// The name of the file, for messages.
    public let file: String
    /// The variables available to `${NAME}`.
    public let environment: [String: String]
    /// The absolute directory to which paths in the file are relative.
    public let baseDirectory: String
    /// Returns the problem of a certificate or key file at an absolute path, or `nil` if it is
    /// usable.
    let checkFile: @Sendable (_ path: String) -> String?

    /// Creates a loader; by default, files are not checked.
    public init(
        file: String, environment: [String: String], baseDirectory: String,
        checkFile: @escaping @Sendable (_ path: String) -> String? = { _ in nil }
    ) {
        self.file = file
        self.environment = environment
        self.baseDirectory = baseDirectory
        self.checkFile = checkFile
    }

    /// Returns the configuration in a file.
    ///
    /// - Parameter text: The bytes of the file.
    /// - Returns: The configuration and its warnings.
    /// - Throws: ``ConfigurationErrors`` with every problem, ordered by location.
    public func load(text: [UInt8]) throws(ConfigurationErrors) -> LoadedConfiguration {
        let stream: YAMLDocumentStream
        do throws(YAMLError) {
            stream = try YAMLDocumentStream(parsing: text)
        } catch {
            throw ConfigurationErrors(diagnostics: [syntaxError(error, in: text)])
        }
        var reading = ConfigurationReader(stream, loader: self)
        let configuration = reading.configuration(stream.documents)
        let diagnostics = reading.report.sorted
        guard let configuration, diagnostics.allSatisfy(\.isWarning) else {
            throw ConfigurationErrors(diagnostics: diagnostics)
        }
        return LoadedConfiguration(configuration: configuration, warnings: diagnostics)
    }

    private func syntaxError(_ error: YAMLError, in bytes: [UInt8]) -> ConfigurationDiagnostic {
        let excerpt =
            (try? YAMLText(bytes)).map { ConfigurationExcerpt(unparsed: $0, at: error.mark) }
            ?? ConfigurationExcerpt(text: "", caret: 0)
        return ConfigurationDiagnostic(
            file: file, line: error.line, column: error.column,
            message: "invalid YAML: \(error.message)", hint: hint(for: error, in: bytes),
            excerpt: excerpt.text,
            caret: excerpt.caret, isWarning: false)
    }

    /// Returns the recommended action for frequent mistakes on the line of the error or above it.
    private func hint(for error: YAMLError, in bytes: [UInt8]) -> String? {
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let nearby = lines.prefix(error.line).suffix(2)
        if nearby.contains(where: { $0.prefix { $0 == " " || $0 == "\t" }.contains("\t") }) {
            return "indent with spaces; YAML does not permit tabs"
        }
        if nearby.contains(where: Self.hasUnquotedVariable) {
            return "put variables in quotes between braces: {password: \"${TOKEN}\"}"
        }
        return nil
    }

    /// Returns a Boolean value that indicates whether a flow mapping has a variable without quotes,
    /// whose braces end the mapping.
    private static func hasUnquotedVariable(_ line: Substring) -> Bool {
        guard let mapping = line.firstIndex(of: "{"),
            let variable = line[mapping...].firstRange(of: "${")
        else { return false }
        let before = line[mapping..<variable.lowerBound]
        return before.count { $0 == "\"" }.isMultiple(of: 2)
            && before.count { $0 == "'" }.isMultiple(of: 2) && mapping != variable.lowerBound
    }
}
