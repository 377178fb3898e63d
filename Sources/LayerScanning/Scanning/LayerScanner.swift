// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import AsyncPrimitives

/// Scans layers, each in its own child process.
///
/// A layer that crashes or takes over a decoder affects only its own result.
public struct LayerScanner: Sendable {
    private let program: String
    private let semaphore: AsyncSemaphore
    private let limits: ScanLimits

    /// Creates a scanner.
    ///
    /// - Parameters:
    ///   - program: The absolute path of a program that begins with ``ScanWorker``; by default this
    ///     one.
    ///   - concurrency: The maximum number of concurrent scans; others wait.
    ///   - limits: The limits of each scan.
    public init(
        program: String = "/proc/self/exe", concurrency: Int, limits: ScanLimits = ScanLimits()
    ) {
        self.program = program
        self.semaphore = AsyncSemaphore(concurrency)
        self.limits = limits
    }

    /// Starts the scan of a layer whose bytes follow.
    public func scan(_ compression: LayerCompression) -> LayerScan {
        let input = ChildInput()
        let task = Task { [program, semaphore, limits] in
            do {
                return try await semaphore.withPermit {
                    try await Self.contents(compression, program, limits, input)
                }
            } catch let error as LayerScanError {
                // The writer must neither receive an error nor wait.
                return Result<LayerContents, LayerScanError>.failure(error)
            } catch {
                return .failure(.scan("\(error)"))
            }
        }
        return LayerScan(input: input, task: task)
    }

    private static func contents(
        _ compression: LayerCompression, _ program: String, _ limits: ScanLimits,
        _ input: ChildInput
    ) async throws -> Result<LayerContents, LayerScanError> {
        let output: ChildOutput
        do {
            output = try await Subprocess.run(
                executable: program, arguments: ScanWorker.arguments(compression, limits),
                environment: [:], feeding: input,
                limits: ChildLimits(
                    time: limits.inputTime, outputByteCount: limits.reportByteCount))
        } catch {
            if case .outputLimit = error.cause { return .failure(.limit(.paths)) }
            return .failure(.scan("scan process failed: \(error.cause)"))
        }
        switch output.termination {
        case .signalled(let number):
            return .failure(.scan("scan process terminated by signal \(number)"))
        case .exited(let status) where status != 0:
            return .failure(.scan("scan process exited with status \(status)"))
        case .exited:
            do throws(LayerScanError) {
                return .success(try ReportReader.read(output.standardOutput, limits))
            } catch {
                return .failure(error)
            }
        }
    }
}

/// The scan of a layer, which ends with the last reference to it.
public final class LayerScan: Sendable {
    private let input: ChildInput
    private let task: Task<Result<LayerContents, LayerScanError>, Never>

    init(input: ChildInput, task: Task<Result<LayerContents, LayerScanError>, Never>) {
        self.input = input
        self.task = task
    }

    deinit { task.cancel() }

    /// Sends the next bytes, and waits while the child's input queue is full.
    ///
    /// - Throws: `CancellationError`.
    public func write(_ bytes: [UInt8]) async throws {
        try await input.write(bytes)
    }

    /// Ends the input, and returns the contents of the layer.
    ///
    /// A scan that has all bytes continues if the caller is canceled: other tasks may need its
    /// result.
    public func finish() async -> Result<LayerContents, LayerScanError> {
        input.end()
        return await task.value
    }
}
