"""A linear memory that learns one key and one value at a time, in a few lines of plain Python."""


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


class Memory:
    def __init__(self, width):
        self.rows = [[0.0] * width for _ in range(width)]

    def read(self, key):
        return [dot(row, key) for row in self.rows]

    def write(self, key, value, rate=0.5, retention=1.0):
        """One step of the delta rule: keep most of the old, correct by what surprised us."""
        surprise = [guess - wanted for guess, wanted in zip(self.read(key), value)]
        for row, error in zip(self.rows, surprise):
            for j, k in enumerate(key):
                row[j] = retention * row[j] - rate * error * k
        return sum(e * e for e in surprise) ** 0.5


if __name__ == "__main__":
    memory = Memory(width=3)
    for step in range(6):
        print(step, round(memory.write([1.0, 0.0, 0.0], [0.2, 0.4, 0.6]), 4))
