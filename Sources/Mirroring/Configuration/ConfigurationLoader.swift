// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A configuration that may be used, with what should be said about it.
public struct LoadedConfiguration: Hashable, Sendable {
    /// The configuration.
    public let config: MirrorConfiguration
    /// What is allowed but probably not meant, by place.
    public let warnings: [ConfigurationDiagnostic]
}

/// Reads `mirror.yaml`: text in, a checked configuration or every problem at once out.
///
/// It touches neither the network nor the file system.
public struct ConfigurationLoader: Sendable {
    /// The file's name, for messages.
    public let file: String
    /// The variables that `${NAME}` may name.
    public let environment: [String: String]
    /// The absolute folder that paths in the file are relative to.
    public let baseDirectory: String

    /// Makes a loader.
    public init(file: String, environment: [String: String], baseDirectory: String) {
        self.file = file
        self.environment = environment
        self.baseDirectory = baseDirectory
    }

    /// Reads a configuration.
    ///
    /// - Parameter text: the bytes of the file.
    /// - Returns: the configuration and its warnings.
    /// - Throws: ``ConfigurationErrors`` with every problem, sorted by place.
    public func load(text: [UInt8]) throws(ConfigurationErrors) -> LoadedConfiguration {
        let stream: YAMLDocumentStream
        do throws(YAMLError) {
            stream = try YAMLDocumentStream(parsing: text)
        } catch {
            throw ConfigurationErrors(diagnostics: [syntaxError(error, in: text)])
        }
        var reading = ConfigurationReader(stream, loader: self)
        let config = reading.config(stream.documents)
        let diagnostics = reading.report.sorted
        guard let config, diagnostics.allSatisfy(\.isWarning) else {
            throw ConfigurationErrors(diagnostics: diagnostics)
        }
        return LoadedConfiguration(config: config, warnings: diagnostics)
    }

    private func syntaxError(_ error: YAMLError, in bytes: [UInt8]) -> ConfigurationDiagnostic {
        let excerpt =
            (try? YAMLText(bytes)).map { ConfigurationExcerpt(unparsed: $0, at: error.mark) }
            ?? ConfigurationExcerpt(text: "", caret: 0)
        return ConfigurationDiagnostic(
            file: file, line: error.line, column: error.column,
            message: "this is not YAML: \(error.message)", hint: nil, excerpt: excerpt.text,
            caret: excerpt.caret, isWarning: false)
    }
}
