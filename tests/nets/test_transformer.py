"""Attention is torch's attention; blocks add to what they are given."""

import torch
from torch import nn

from millwright.nets.transformer import CrossAttention, DecoderBlock, EncoderBlock, SelfAttention


def make_reference(projections, proj):
    reference = nn.MultiheadAttention(16, 4, batch_first=True)
    reference.in_proj_weight.data = torch.cat([layer.weight for layer in projections])
    reference.in_proj_bias.data = torch.cat([layer.bias for layer in projections])
    reference.out_proj.load_state_dict(proj.state_dict())
    return reference


def test_self_attention_is_torch_s():
    attention, tokens = SelfAttention(16, 4), torch.randn(3, 5, 16)
    reference = make_reference([attention.qkv], attention.proj)
    torch.testing.assert_close(attention(tokens), reference(tokens, tokens, tokens)[0])


def test_cross_attention_is_torch_s():
    attention, tokens, memory = CrossAttention(16, 4), torch.randn(3, 5, 16), torch.randn(3, 7, 16)
    reference = make_reference([attention.query, attention.key_value], attention.proj)
    torch.testing.assert_close(attention(tokens, memory), reference(tokens, memory, memory)[0])


def test_an_encoder_whose_scales_are_zero_adds_nothing():
    block, tokens = EncoderBlock(16, 4, layer_scale=True), torch.randn(3, 5, 16)
    assert not torch.equal(block(tokens), tokens)
    nn.init.zeros_(block.ls1.gamma)
    nn.init.zeros_(block.ls2.gamma)
    assert torch.equal(block(tokens), tokens)


def test_the_first_token_alone_is_the_same_as_among_all():
    block, tokens = EncoderBlock(16, 4), torch.randn(3, 5, 16)
    torch.testing.assert_close(block.read_first(tokens), block(tokens)[:, :1])


def test_a_decoder_reads_its_memory_whatever_its_order():
    block, tokens, memory = DecoderBlock(16, 4), torch.randn(3, 5, 16), torch.randn(3, 7, 16)
    answer = block(tokens, memory)
    assert answer.shape == tokens.shape
    torch.testing.assert_close(block(tokens, memory.flip(1)), answer)
    assert not torch.allclose(block(tokens, memory * 2), answer)


def test_dropout_is_for_training_alone():
    block, tokens = DecoderBlock(16, 4, dropout=0.5), torch.randn(3, 5, 16)
    assert not torch.equal(block(tokens, tokens), block(tokens, tokens))
    block.eval()
    assert torch.equal(block(tokens, tokens), block(tokens, tokens))
