// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import Testing

@Suite(.timeLimit(.minutes(10))) struct VerifiedStreamTests {
    private struct Broken: Error {}

    /// The result of reading: the chunks, the error, and whether anything followed it.
    private struct Reading {
        var pieces: [[UInt8]] = []
        var error: (any Error)?
        var isSilentAfterwards = true
    }

    private static let bytes: [UInt8] = [1, 2, 3, 4, 5, 6]

    private static func read(
        _ pieces: [[UInt8]], failing: Bool = false, as descriptor: Descriptor
    ) async -> Reading {
        let base = AsyncThrowingStream<[UInt8], any Error> { stream in
            for chunk in pieces { stream.yield(chunk) }
            stream.finish(throwing: failing ? Broken() : nil)
        }
        var reading = Reading()
        let iterator = VerifiedStream(base, verifying: descriptor).makeAsyncIterator()
        do {
            while let chunk = try await iterator.next() { reading.pieces.append(chunk) }
        } catch {
            reading.error = error
        }
        for _ in 0..<3 {
            guard let chunk = try? await iterator.next() else { continue }
            reading.isSilentAfterwards = false
            reading.pieces.append(chunk)
        }
        return reading
    }

    private static func descriptor(of bytes: [UInt8] = bytes, size: Int? = nil) -> Descriptor {
        Descriptor(mediaType: .octetStream, digest: .of(bytes), size: size ?? bytes.count)
    }

    @Test(
        arguments: [
            [[1, 2, 3, 4, 5, 6]], [[1, 2, 3], [4, 5, 6]], [[1], [2], [3], [4], [5], [6]],
            [[], [1, 2], [], [], [3, 4, 5, 6], []],
        ] as [[[UInt8]]])
    func `valid bytes pass unchanged, in the same chunks`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.error == nil)
        #expect(reading.pieces == pieces.filter { !$0.isEmpty })
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [[], [[]], [[], []]] as [[[UInt8]]])
    func `an empty blob is valid`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor(of: []))
        #expect(reading.error == nil)
        #expect(reading.pieces.isEmpty)
    }

    @Test func `a blob of one byte is returned after verification`() async {
        let good = await Self.read([[7]], as: Self.descriptor(of: [7]))
        #expect(good.pieces == [[7]])
        let bad = await Self.read([[8]], as: Self.descriptor(of: [7]))
        #expect(bad.pieces.isEmpty)
        #expect(bad.error as? IntegrityError == .digest(expected: .of([7]), actual: .of([8])))
        #expect(bad.isSilentAfterwards)
    }

    @Test(
        arguments: [
            // A different byte in the first, a middle and the last chunk.
            ([[9, 2], [3, 4], [5, 6]], [[9, 2], [3, 4]]),
            ([[1, 2], [3, 9], [5, 6]], [[1, 2], [3, 9]]),
            ([[1, 2], [3, 4], [5, 9]], [[1, 2], [3, 4]]), ([[1, 2, 3, 4, 5, 9]], []),
        ] as [([[UInt8]], [[UInt8]])])
    func `the last chunk of corrupt content is never returned`(pieces: [[UInt8]], seen: [[UInt8]])
        async
    {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.pieces == seen)
        #expect(reading.error is IntegrityError)
        #expect(reading.isSilentAfterwards)
    }

    @Test(
        arguments: [
            ([], [], 0), ([[1, 2], [3, 4]], [[1, 2]], 4), ([[1, 2, 3, 4, 5]], [], 5),
        ] as [([[UInt8]], [[UInt8]], Int)])
    func `a short stream ends with an error`(pieces: [[UInt8]], seen: [[UInt8]], count: Int) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.pieces == seen)
        #expect(reading.error as? IntegrityError == .size(expected: 6, actual: count))
        #expect(reading.isSilentAfterwards)
    }

    @Test(
        arguments: [
            ([[1, 2, 3, 4, 5, 6], [7]], []), ([[1, 2, 3], [4, 5, 6], [7]], [[1, 2, 3]]),
            ([[1, 2, 3, 4, 5, 6, 7]], []), ([[1, 2], [3, 4, 5, 6, 7], [8]], []),
        ] as [([[UInt8]], [[UInt8]])])
    func `a long stream ends at the first excess byte`(pieces: [[UInt8]], seen: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.pieces == seen)
        #expect(reading.error as? IntegrityError == .size(expected: 6, actual: nil))
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [5, 7])
    func `a wrong size is an error despite a matching digest`(size: Int) async {
        let reading = await Self.read([[1, 2, 3], [4, 5, 6]], as: Self.descriptor(size: size))
        #expect(reading.pieces == (size < 6 ? [] : [[1, 2, 3]]))
        #expect(reading.error is IntegrityError)
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [[], [[1, 2, 3], [4]], [[1, 2, 3], [4, 5, 6]]] as [[[UInt8]]])
    func `an error of the base is rethrown, and nothing follows`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, failing: true, as: Self.descriptor())
        #expect(reading.error is Broken)
        #expect(reading.pieces == pieces.dropLast())
        #expect(reading.isSilentAfterwards)
    }
}
