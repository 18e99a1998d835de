"""An int8 convolutional network for handwritten digits, with its test images and labels."""
