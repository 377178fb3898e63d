// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Files
internal import Mirroring
internal import Pinning

/// An error as messages on the console and an exit code.
struct ErrorReport {
    private let error: any Error

    init(_ error: any Error) {
        self.error = error
    }

    /// Logs the error and returns its exit code.
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
            // A missing local file is not a negative result, so its exit code differs from that of
            // a missing image.
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
    /// Creates the exit code for a failure class.
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
