// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import Testing

@Suite struct VerifiedStreamTests {
    private struct Broken: Error {}

    /// What a reader saw: the pieces, the error, and whether anything came after it.
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
            for piece in pieces { stream.yield(piece) }
            stream.finish(throwing: failing ? Broken() : nil)
        }
        var reading = Reading()
        let iterator = VerifiedStream(base, proving: descriptor).makeAsyncIterator()
        do {
            while let piece = try await iterator.next() { reading.pieces.append(piece) }
        } catch {
            reading.error = error
        }
        for _ in 0..<3 {
            guard let piece = try? await iterator.next() else { continue }
            reading.isSilentAfterwards = false
            reading.pieces.append(piece)
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
    func `the right bytes come through, in their pieces`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.error == nil)
        #expect(reading.pieces == pieces.filter { !$0.isEmpty })
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [[], [[]], [[], []]] as [[[UInt8]]])
    func `an empty blob is one`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor(of: []))
        #expect(reading.error == nil)
        #expect(reading.pieces.isEmpty)
    }

    @Test func `a blob of one byte comes once it is proved`() async {
        let good = await Self.read([[7]], as: Self.descriptor(of: [7]))
        #expect(good.pieces == [[7]])
        let bad = await Self.read([[8]], as: Self.descriptor(of: [7]))
        #expect(bad.pieces.isEmpty)
        #expect(bad.error as? IntegrityError == .digest(expected: .of([7]), actual: .of([8])))
        #expect(bad.isSilentAfterwards)
    }

    @Test(
        arguments: [
            // Another byte in the first, a middle and the last piece.
            ([[9, 2], [3, 4], [5, 6]], [[9, 2], [3, 4]]),
            ([[1, 2], [3, 9], [5, 6]], [[1, 2], [3, 9]]),
            ([[1, 2], [3, 4], [5, 9]], [[1, 2], [3, 4]]), ([[1, 2, 3, 4, 5, 9]], []),
        ] as [([[UInt8]], [[UInt8]])])
    func `the last piece of wrong bytes never comes`(pieces: [[UInt8]], seen: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.pieces == seen)
        #expect(reading.error is IntegrityError)
        #expect(reading.isSilentAfterwards)
    }

    @Test(
        arguments: [
            ([], [], 0), ([[1, 2], [3, 4]], [[1, 2]], 4), ([[1, 2, 3, 4, 5]], [], 5),
        ] as [([[UInt8]], [[UInt8]], Int)])
    func `a short stream ends in an error`(pieces: [[UInt8]], seen: [[UInt8]], count: Int) async {
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
    func `a long stream ends at the first byte too many`(pieces: [[UInt8]], seen: [[UInt8]]) async {
        let reading = await Self.read(pieces, as: Self.descriptor())
        #expect(reading.pieces == seen)
        #expect(reading.error as? IntegrityError == .size(expected: 6, actual: nil))
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [5, 7])
    func `a wrong size is an error though the digest is right`(size: Int) async {
        let reading = await Self.read([[1, 2, 3], [4, 5, 6]], as: Self.descriptor(size: size))
        #expect(reading.pieces == (size < 6 ? [] : [[1, 2, 3]]))
        #expect(reading.error is IntegrityError)
        #expect(reading.isSilentAfterwards)
    }

    @Test(arguments: [[], [[1, 2, 3], [4]], [[1, 2, 3], [4, 5, 6]]] as [[[UInt8]]])
    func `what the base throws passes through, and nothing more`(pieces: [[UInt8]]) async {
        let reading = await Self.read(pieces, failing: true, as: Self.descriptor())
        #expect(reading.error is Broken)
        #expect(reading.pieces == pieces.dropLast())
        #expect(reading.isSilentAfterwards)
    }
}
