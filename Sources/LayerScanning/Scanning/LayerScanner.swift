// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import AsyncPrimitives

/// Finds out what is in layers, each in a child process of its own.
///
/// A layer that breaks a decoder, or was made to, costs its own answer and nothing else.
public struct LayerScanner: Sendable {
    private let program: String
    private let places: AsyncSemaphore
    private let limits: ScanLimits

    /// Makes a scanner.
    ///
    /// - Parameters:
    ///   - program: the absolute path of a program that begins with ``ScanWorker``; by default this one.
    ///   - atOnce: how many layers are scanned at once; others wait.
    ///   - limits: what the scan of one layer may take.
    public init(
        program: String = "/proc/self/exe", atOnce: Int, limits: ScanLimits = ScanLimits()
    ) {
        self.program = program
        self.places = AsyncSemaphore(atOnce)
        self.limits = limits
    }

    /// Starts the scan of a layer whose bytes are still to come.
    public func scan(_ compression: LayerCompression) -> LayerScan {
        let input = ChildInput()
        let task = Task { [program, places, limits] in
            do {
                return try await places.withSlot {
                    try await Self.contents(compression, program, limits, input)
                }
            } catch let fault as LayerScanError {
                // Whoever still writes is told nothing, and held up by nobody.
                return Result<LayerContents, LayerScanError>.failure(fault)
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
                executable: program, arguments: ScanWorker.words(compression, limits),
                environment: [:], feeding: input,
                limits: ChildLimits(
                    time: limits.patience, outputByteCount: limits.reportByteCount))
        } catch {
            if case .outputLimit = error.cause { return .failure(.limit(.paths)) }
            return .failure(.scan("its scan failed: \(error.cause)"))
        }
        switch output.termination {
        case .signalled(let number):
            return .failure(.scan("its scan was ended by signal \(number)"))
        case .exited(let status) where status != 0:
            return .failure(.scan("its scan ended with status \(status)"))
        case .exited:
            do throws(LayerScanError) {
                return .success(try ReportReader.read(output.standardOutput, limits))
            } catch {
                return .failure(error)
            }
        }
    }
}

/// A layer that is being scanned; the scan ends with the last reference to it.
public final class LayerScan: Sendable {
    private let input: ChildInput
    private let task: Task<Result<LayerContents, LayerScanError>, Never>

    init(input: ChildInput, task: Task<Result<LayerContents, LayerScanError>, Never>) {
        self.input = input
        self.task = task
    }

    deinit { task.cancel() }

    /// Hands over the next bytes, and waits while the child has enough to read.
    ///
    /// - Throws: `CancellationError`.
    public func write(_ bytes: [UInt8]) async throws {
        try await input.write(bytes)
    }

    /// Says that these were all the bytes, and returns what they hold.
    ///
    /// A scan that has all its bytes goes on if the caller is cancelled: others may need its result.
    public func finish() async -> Result<LayerContents, LayerScanError> {
        input.end()
        return await task.value
    }
}
