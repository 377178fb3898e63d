// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Files
internal import Mirroring
internal import Pinning

/// An error on its way to the person and to the script: a line, perhaps a hint, and an exit code.
struct ErrorReport {
    private let error: any Error

    init(_ error: any Error) {
        self.error = error
    }

    /// Writes the error and returns the code to exit with.
    func show(on console: Console) -> ExitCode {
        switch error {
        case let error as UsageError:
            console.error(error.description)
            return .usage
        case let error as ConfigurationErrors:
            for diagnostic in error.diagnostics { console.show(diagnostic) }
            return .configuration
        case let error as ConfigurationFileError:
            console.error(error.message, hint: error.hint)
            return .configuration
        case let error as PromotionError:
            console.error(error.description, hint: error.hint)
            return .configuration
        case let error as FileError:
            // A file of our own that is missing is no answer to the question that was asked.
            console.error(error.description)
            return .failure
        case let error as any ContentFailure:
            console.error(error.description, hint: error.hint)
            return ExitCode(error.failureClass)
        default:
            console.error("\(error)")
            return .failure
        }
    }
}

extension ExitCode {
    /// The code for a failure of a class.
    init(_ failureClass: FailureClass) {
        self =
            switch failureClass {
            case .missing, .invalid: .negative
            case .denied: .denied
            case .throttled, .quota: .tryAgain
            case .integrity, .incomplete, .unavailable: .failure
            }
    }
}
